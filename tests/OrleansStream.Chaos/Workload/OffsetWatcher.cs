using OrleansStream.Chaos.History;
using OrleansStream.Client.Consuming;

namespace OrleansStream.Chaos.Workload;

/// <summary>Reads, from outside the group, what the group has committed.</summary>
internal sealed class OffsetWatcher(WorkloadContext context)
{
    private const string Name = "offset-watcher";
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(500);

    public async Task RunAsync(CancellationToken stopping)
    {
        await using var client = await context.ConnectAsync(CancellationToken.None);
        await using var consumer = client.CreateConsumer(new ConsumerOptions<Null, byte[]> { GroupId = WorkloadContext.Group, EnableAutoCommit = false });
        var partitions = Enumerable.Range(0, context.Partitions).Select(context.At).ToArray();
        using var timer = new PeriodicTimer(s_period);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                await LookAsync(consumer, partitions, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    /// <summary>The committed offsets by partition, -1 where there is none; null when nobody answered.</summary>
    private async Task LookAsync(IConsumer<Null, byte[]> consumer, TopicPartition[] partitions, CancellationToken stopping)
    {
        var begun = partitions.Select(partition => new Operation
        {
            Process = Name,
            Kind = OperationKind.Committed,
            Outcome = Outcome.Invoke,
            Call = context.Recorder.NextCall(),
            Group = WorkloadContext.Group,
            Partition = partition.Partition,
        }).ToArray();
        foreach (var operation in begun)
        {
            context.Recorder.Record(operation);
        }

        try
        {
            var offsets = (await consumer.CommittedAsync(partitions, stopping)).ToDictionary(o => o.TopicPartition.Partition, o => o.Offset.Value);
            foreach (var operation in begun)
            {
                context.Recorder.Record(operation with { Outcome = Outcome.Ok, Offset = offsets.GetValueOrDefault(operation.Partition, -1) });
            }
        }
        catch (OrleansStreamException exception)
        {
            foreach (var operation in begun)
            {
                context.Recorder.Record(operation with { Outcome = Outcome.Info, Note = exception.Message });
            }
        }
    }
}
