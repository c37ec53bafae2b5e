using OrleansStream.Grains;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Deletes the records before an offset. Any silo does it for every partition, so no client has to look for the leader.</summary>
internal sealed class DeleteRecordsApi(IGrainFactory grains, PartitionWalk walk) : KafkaApi<DeleteRecordsRequest, DeleteRecordsResponse>
{
    private const long ToTheEnd = -1;
    private const long Unknown = -1;

    protected override async ValueTask<DeleteRecordsResponse?> HandleAsync(DeleteRecordsRequest request, RequestContext context)
    {
        var answers = new DeleteRecordsResponse.TopicAnswer[request.Topics.Length];
        for (var at = 0; at < answers.Length; at++)
        {
            var topic = request.Topics[at];
            answers[at] = new()
            {
                Name = topic.Name,
                Partitions = await walk.AnyAsync(
                    topic.Name, topic.Partitions, wanted => wanted.PartitionIndex, DeleteAsync, Refuse, context.ConnectionClosed).ConfigureAwait(false),
            };
        }

        return new DeleteRecordsResponse { Topics = answers };
    }

    private async Task<DeleteRecordsResponse.PartitionAnswer> DeleteAsync(PartitionId id, DeleteRecordsRequest.ShortenedPartition wanted)
    {
        if (wanted.Offset < ToTheEnd)
        {
            throw new OrleansStreamException(ErrorCode.OffsetOutOfRange, $"Records are deleted before an offset, or all of them (-1), not before {wanted.Offset}.");
        }

        var partition = grains.GetGrain<IPartitionGrain>(id.ToString());
        var end = wanted.Offset == ToTheEnd ? (await partition.DescribeAsync().ConfigureAwait(false)).HighWatermark : new Offset(wanted.Offset);
        var start = await partition.DeleteRecordsAsync(end).ConfigureAwait(false);
        return new() { PartitionIndex = wanted.PartitionIndex, LowWatermark = start.Value };
    }

    private static DeleteRecordsResponse.PartitionAnswer Refuse(DeleteRecordsRequest.ShortenedPartition wanted, AdminOutcome outcome) =>
        new() { PartitionIndex = wanted.PartitionIndex, LowWatermark = Unknown, ErrorCode = outcome.Code };
}
