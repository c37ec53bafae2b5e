using OrleansStream.Kafka.Configuration;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Changes single settings of topics: sets them, returns them to their defaults, adds to a list or takes from it.</summary>
internal sealed class IncrementalAlterConfigsApi(TopicAlteration alteration) : KafkaApi<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>
{
    private const sbyte Set = 0;
    private const sbyte Delete = 1;
    private const sbyte Append = 2;
    private const sbyte Subtract = 3;

    protected override async ValueTask<IncrementalAlterConfigsResponse?> HandleAsync(IncrementalAlterConfigsRequest request, RequestContext context)
    {
        var answers = new List<IncrementalAlterConfigsResponse.ResourceAnswer>();
        foreach (var resource in request.Resources)
        {
            var outcome = await AdminOutcome.OfAsync(async () =>
            {
                var topic = await alteration.FindAsync((ResourceType)resource.ResourceType, resource.ResourceName, context.ConnectionClosed).ConfigureAwait(false);
                await alteration.ApplyAsync(topic, ToChanges(resource.Configs), request.ValidateOnly).ConfigureAwait(false);
            }).ConfigureAwait(false);
            answers.Add(new()
            {
                ErrorCode = outcome.Code,
                ErrorMessage = outcome.Message,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            });
        }

        return new IncrementalAlterConfigsResponse { Responses = [.. answers] };
    }

    private static Dictionary<string, string?> ToChanges(IncrementalAlterConfigsRequest.AlteredConfig[] configs)
    {
        var changes = new Dictionary<string, string?>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var config in configs)
        {
            if (!seen.Add(config.Name))
            {
                throw new OrleansStreamException(ErrorCode.InvalidRequest, $"The setting {config.Name} is there twice.");
            }

            if (!TopicSettings.IsKnown(config.Name))
            {
                throw new OrleansStreamException(ErrorCode.InvalidConfig, $"There is no topic setting '{config.Name}'.");
            }

            if (config.ConfigOperation == Delete)
            {
                if (!TopicSettings.IsFixed(config.Name))
                {
                    changes.Add(config.Name, null);
                }

                continue;
            }

            var value = config.Value ?? throw new OrleansStreamException(ErrorCode.InvalidConfig, $"The setting {config.Name} has no value; delete it for the default.");
            if (config.ConfigOperation is Append or Subtract && !TopicSettings.IsList(config.Name))
            {
                throw new OrleansStreamException(ErrorCode.InvalidConfig, $"{config.Name} is no list; set it instead of adding to it or taking from it.");
            }

            switch (config.ConfigOperation)
            {
                case Set or Append when TopicSettings.IsFixed(config.Name, value):
                    break;
                case Set:
                    changes.Add(config.Name, value);
                    break;
                case Subtract:
                    TopicSettings.CheckSubtraction(config.Name, value);
                    break;
                default:
                    throw new OrleansStreamException(ErrorCode.InvalidRequest, $"There is no operation {config.ConfigOperation} on settings.");
            }
        }

        return changes;
    }
}
