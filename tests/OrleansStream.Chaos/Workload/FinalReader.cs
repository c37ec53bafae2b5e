using OrleansStream.Chaos.History;
using OrleansStream.Client.Consuming;

namespace OrleansStream.Chaos.Workload;

/// <summary>Reads every partition from its beginning to its end, when nobody produces any more.</summary>
internal sealed class FinalReader(WorkloadContext context)
{
    private const string Name = "final";

    /// <summary>Reads.</summary>
    /// <returns>The ends of the partitions.</returns>
    /// <exception cref="OperationCanceledException">It did not come to the end in time.</exception>
    public async Task<long[]> RunAsync(CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken);
        var ends = new long[context.Partitions];
        for (var partition = 0; partition < ends.Length; partition++)
        {
            ends[partition] = (await client.Admin.FindEndAsync(context.At(partition), cancellationToken)).Value;
        }

        await using var consumer = client.CreateConsumer(new ConsumerOptions<Null, byte[]>());
        var missing = ends.Count(end => end > 0);
        if (missing == 0)
        {
            return ends;
        }

        await consumer.AssignAsync(Enumerable.Range(0, ends.Length).Select(p => new TopicPartitionOffset(context.At(p), Offset.Zero)), cancellationToken);
        await foreach (var batch in consumer.ConsumeBatchesAsync(cancellationToken: cancellationToken))
        {
            context.Recorder.Record(Polls.Of(Name, OperationKind.FinalPoll, batch));
            var end = ends[batch.TopicPartition.Partition];
            if (batch[0].Offset.Value < end && batch[^1].Offset.Value >= end - 1 && --missing == 0)
            {
                break;
            }
        }

        return ends;
    }
}
