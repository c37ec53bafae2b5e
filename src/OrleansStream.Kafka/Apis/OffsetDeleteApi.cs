using OrleansStream.Kafka.Groups;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Forgets committed offsets of topics that no member of the group subscribes to.</summary>
internal sealed class OffsetDeleteApi(GroupCaller groups) : KafkaApi<OffsetDeleteRequest, OffsetDeleteResponse>
{
    protected override async ValueTask<OffsetDeleteResponse?> HandleAsync(OffsetDeleteRequest request, RequestContext context)
    {
        TopicPartition[] partitions = [.. request.Topics.SelectMany(topic => topic.Partitions.Select(partition => new TopicPartition(topic.Name, partition.PartitionIndex)))];
        var (error, answers) = await groups.CallAsync(
            request.GroupId,
            async () => (Error: ErrorCode.None, Answers: await groups.Classic(request.GroupId).DeleteOffsetsAsync(partitions).ConfigureAwait(false)),
            answer => answer.Error,
            error => (error, []),
            context.ConnectionClosed).ConfigureAwait(false);
        if (error != ErrorCode.None)
        {
            return new OffsetDeleteResponse { ErrorCode = KafkaErrors.Of(error) };
        }

        var at = 0;
        return new OffsetDeleteResponse
        {
            Topics = Array.ConvertAll(request.Topics, topic => new OffsetDeleteResponse.TopicAnswer
            {
                Name = topic.Name,
                Partitions = Array.ConvertAll(topic.Partitions, partition => new OffsetDeleteResponse.PartitionAnswer
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = KafkaErrors.Of(answers[at++]),
                }),
            }),
        };
    }
}
