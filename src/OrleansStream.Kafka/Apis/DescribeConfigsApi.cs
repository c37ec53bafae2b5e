using System.Globalization;
using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Configuration;
using OrleansStream.Kafka.Messages;
using OrleansStream.Storage;

namespace OrleansStream.Kafka.Apis;

/// <summary>Shows the settings of topics and of this silo: all that there are, with their defaults, and where each value comes from.</summary>
internal sealed class DescribeConfigsApi(ICatalog catalog, BrokerDirectory brokers, BrokerSettings settings) : KafkaApi<DescribeConfigsRequest, DescribeConfigsResponse>
{
    /// <summary>What a setting takes in an answer, with its texts.</summary>
    private const int ConfigBytes = 512;

    protected override async ValueTask<DescribeConfigsResponse?> HandleAsync(DescribeConfigsRequest request, RequestContext context)
    {
        var answers = new List<DescribeConfigsResponse.ResourceAnswer>();
        foreach (var resource in request.Resources)
        {
            IReadOnlyList<KafkaSetting> found = [];
            var outcome = await AdminOutcome.OfAsync(async () => found = await FindAsync((ResourceType)resource.ResourceType, resource.ResourceName, context).ConfigureAwait(false))
                .ConfigureAwait(false);
            context.Charge(ConfigBytes * (found.Count + 1L));
            answers.Add(new()
            {
                ErrorCode = outcome.Code,
                ErrorMessage = outcome.Message,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
                Configs = [.. found.Where(setting => resource.ConfigurationKeys?.Contains(setting.Name) != false).Select(setting => Describe(setting, request))],
            });
        }

        return new DescribeConfigsResponse { Results = [.. answers] };
    }

    private async Task<IReadOnlyList<KafkaSetting>> FindAsync(ResourceType type, string name, RequestContext context) => type switch
    {
        ResourceType.Topic => TopicSettings.Describe(
            await catalog.FindTopicAsync(name, context.ConnectionClosed).ConfigureAwait(false)
            ?? throw new OrleansStreamException(ErrorCode.UnknownTopicOrPartition, $"There is no topic '{name}'.")),

        // Settings for all silos that were made at run time; there are none.
        ResourceType.Broker when name.Length == 0 => [],
        ResourceType.Broker when name == brokers.Local.Id.ToString(CultureInfo.InvariantCulture) => settings.Describe(),
        ResourceType.Broker => throw new OrleansStreamException(ErrorCode.InvalidRequest, $"This is silo {brokers.Local.Id}; ask silo {name} for its settings."),
        _ => throw new OrleansStreamException(ErrorCode.InvalidRequest, $"Topics and silos have settings; there are none of the kind {(sbyte)type}."),
    };

    private static DescribeConfigsResponse.Config Describe(KafkaSetting setting, DescribeConfigsRequest request) => new()
    {
        Name = setting.Name,
        Value = setting.Value,
        ReadOnly = setting.IsReadOnly,
        ConfigSource = (sbyte)setting.Source,
        Synonyms = !request.IncludeSynonyms ? [] : [.. setting.Synonyms.Select(synonym => new DescribeConfigsResponse.Synonym
        {
            Name = synonym.Name,
            Value = synonym.Value,
            Source = (sbyte)synonym.Source,
        })],
        ConfigType = (sbyte)setting.Type,
        Documentation = request.IncludeDocumentation ? setting.Meaning : null,
    };
}
