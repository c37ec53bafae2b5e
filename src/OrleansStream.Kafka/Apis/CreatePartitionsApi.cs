using OrleansStream.Grains;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Gives topics more partitions, or only says whether it would. Every topic gets its answer.</summary>
internal sealed class CreatePartitionsApi(IGrainFactory grains) : KafkaApi<CreatePartitionsRequest, CreatePartitionsResponse>
{
    protected override async ValueTask<CreatePartitionsResponse?> HandleAsync(CreatePartitionsRequest request, RequestContext context)
    {
        var answers = new List<CreatePartitionsResponse.TopicAnswer>();
        foreach (var same in request.Topics.GroupBy(topic => topic.Name, StringComparer.Ordinal))
        {
            var outcome = same.Count() > 1
                ? new AdminOutcome(ErrorCode.InvalidRequest, $"The topic '{same.Key}' is named twice in one request.")
                : await AdminOutcome.OfAsync(() => GrowAsync(same.First(), request.ValidateOnly)).ConfigureAwait(false);
            answers.Add(new() { Name = same.Key, ErrorCode = outcome.Code, ErrorMessage = outcome.Message });
        }

        return new CreatePartitionsResponse { Results = [.. answers] };
    }

    private async Task GrowAsync(CreatePartitionsRequest.GrownTopic topic, bool isTrial)
    {
        if (topic.Assignments is not null)
        {
            throw new OrleansStreamException(
                (ErrorCode)KafkaError.InvalidReplicaAssignment, "Partitions are not assigned to silos by hand: the platform places and moves them. Say how many there shall be.");
        }

        if (topic.Name.Length == 0)
        {
            throw new OrleansStreamException(ErrorCode.InvalidTopic, "A topic's name must not be empty.");
        }

        var grain = grains.GetGrain<ITopicGrain>(topic.Name);
        if (!isTrial)
        {
            await grain.AddPartitionsAsync(topic.Count).ConfigureAwait(false);
        }
        else if (await grain.DescribeAsync().ConfigureAwait(false) is var known && (topic.Count <= known.PartitionCount || topic.Count > ProtocolLimits.MaxPartitionsPerTopic))
        {
            throw new OrleansStreamException(
                ErrorCode.InvalidPartitions,
                $"Topic '{topic.Name}' has {known.PartitionCount} partitions; it can be given more, up to {ProtocolLimits.MaxPartitionsPerTopic}, not {topic.Count}.");
        }
    }
}
