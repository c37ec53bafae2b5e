using Microsoft.Extensions.Options;
using OrleansStream.Grains;
using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Configuration;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Kafka.Messages;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Kafka.Apis;

/// <summary>Creates topics, or only says whether it would.</summary>
internal sealed class CreateTopicsApi(IGrainFactory grains, ICatalog catalog, IOptions<KafkaOptions> options) : KafkaApi<CreateTopicsRequest, CreateTopicsResponse>
{
    private const int ByDefault = -1;
    private const short OneReplica = 1;

    protected override async ValueTask<CreateTopicsResponse?> HandleAsync(CreateTopicsRequest request, RequestContext context)
    {
        var repeated = request.Topics.GroupBy(topic => topic.Name, StringComparer.Ordinal).Where(same => same.Count() > 1).Select(same => same.Key).ToHashSet(StringComparer.Ordinal);
        var answers = new List<CreateTopicsResponse.CreatedTopic>();
        foreach (var topic in request.Topics.DistinctBy(topic => topic.Name, StringComparer.Ordinal))
        {
            answers.Add(repeated.Contains(topic.Name)
                ? Refuse(topic.Name, new AdminOutcome(ErrorCode.InvalidRequest, $"The topic '{topic.Name}' is named twice in one request."))
                : await CreateAsync(topic, request.ValidateOnly, context).ConfigureAwait(false));
        }

        return new CreateTopicsResponse { Topics = [.. answers] };
    }

    private async Task<CreateTopicsResponse.CreatedTopic> CreateAsync(CreateTopicsRequest.NewTopic topic, bool isTrial, RequestContext context)
    {
        TopicDescription? created = null;
        var outcome = await AdminOutcome.OfAsync(async () =>
        {
            var partitions = CheckShape(topic);
            var settings = TopicSettings.Accept(topic.Configs.Select(config => (config.Name, config.Value)));
            if (!isTrial)
            {
                created = await grains.GetGrain<ITopicGrain>(topic.Name).CreateAsync(partitions, settings).ConfigureAwait(false);
            }
            else if (await catalog.FindTopicAsync(topic.Name, context.ConnectionClosed).ConfigureAwait(false) is not null)
            {
                throw new OrleansStreamException(ErrorCode.TopicAlreadyExists, $"There is a topic '{topic.Name}' already.");
            }
            else
            {
                created = new TopicDescription(topic.Name, Guid.Empty, partitions, settings, default);
            }
        }).ConfigureAwait(false);
        return created is null ? Refuse(topic.Name, outcome) : Answer(created);
    }

    /// <summary>Checks everything but the settings.</summary>
    /// <returns>The number of partitions.</returns>
    private int CheckShape(CreateTopicsRequest.NewTopic topic)
    {
        if (!TopicName.IsValid(topic.Name, out var wrong))
        {
            throw new OrleansStreamException(ErrorCode.InvalidTopic, wrong);
        }

        if (TopicFinder.IsInternal(topic.Name))
        {
            throw new OrleansStreamException(ErrorCode.InvalidTopic, $"'{topic.Name}' is a name that Kafka keeps for itself; choose another one.");
        }

        if (topic.Assignments.Length > 0)
        {
            throw new OrleansStreamException(
                (ErrorCode)KafkaError.InvalidReplicaAssignment, "Partitions are not assigned to silos by hand: the platform places and moves them. Say how many there shall be.");
        }

        if (topic.ReplicationFactor is not (ByDefault or OneReplica))
        {
            throw new OrleansStreamException(
                (ErrorCode)KafkaError.InvalidReplicationFactor,
                $"The replication factor is 1 (or -1), not {topic.ReplicationFactor}: a partition has one log, in storage that keeps it safe.");
        }

        var partitions = topic.NumPartitions == ByDefault ? options.Value.DefaultPartitions : topic.NumPartitions;
        return partitions is >= 1 and <= ProtocolLimits.MaxPartitionsPerTopic
            ? partitions
            : throw new OrleansStreamException(ErrorCode.InvalidPartitions, $"A topic has 1 to {ProtocolLimits.MaxPartitionsPerTopic} partitions, not {partitions}.");
    }

    private static CreateTopicsResponse.CreatedTopic Answer(TopicDescription topic) => new()
    {
        Name = topic.Name,
        TopicId = topic.TopicId,
        NumPartitions = topic.PartitionCount,
        ReplicationFactor = OneReplica,
        Configs =
        [
            .. TopicSettings.Describe(topic).Select(setting => new CreateTopicsResponse.CreatedConfig
            {
                Name = setting.Name,
                Value = setting.Value,
                ReadOnly = setting.IsReadOnly,
                ConfigSource = (sbyte)setting.Source,
            }),
        ],
    };

    private static CreateTopicsResponse.CreatedTopic Refuse(string name, AdminOutcome outcome) => new()
    {
        Name = name,
        ErrorCode = outcome.Code,
        ErrorMessage = outcome.Message,
        Configs = [],
    };
}
