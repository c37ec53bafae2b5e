using OrleansStream.Kafka.Configuration;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Replaces all settings of topics: what is not named returns to its default.</summary>
internal sealed class AlterConfigsApi(TopicAlteration alteration) : KafkaApi<AlterConfigsRequest, AlterConfigsResponse>
{
    protected override async ValueTask<AlterConfigsResponse?> HandleAsync(AlterConfigsRequest request, RequestContext context)
    {
        var answers = new List<AlterConfigsResponse.ResourceAnswer>();
        foreach (var resource in request.Resources)
        {
            var outcome = await AdminOutcome.OfAsync(async () =>
            {
                var topic = await alteration.FindAsync((ResourceType)resource.ResourceType, resource.ResourceName, context.ConnectionClosed).ConfigureAwait(false);
                var wanted = TopicSettings.Accept(resource.Configs.Select(config => (config.Name, config.Value)));
                var changes = topic.Configuration.Keys.Where(name => !wanted.ContainsKey(name)).ToDictionary(name => name, _ => (string?)null, StringComparer.Ordinal);
                foreach (var (name, value) in wanted)
                {
                    changes[name] = value;
                }

                await alteration.ApplyAsync(topic, changes, request.ValidateOnly).ConfigureAwait(false);
            }).ConfigureAwait(false);
            answers.Add(new()
            {
                ErrorCode = outcome.Code,
                ErrorMessage = outcome.Message,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            });
        }

        return new AlterConfigsResponse { Responses = [.. answers] };
    }
}
