using OrleansStream.Chaos.History;
using OrleansStream.Client.Consuming;

namespace OrleansStream.Chaos.Workload;

/// <summary>Reads all partitions without a group, and now and then one of them again from the beginning.</summary>
internal sealed class AssignedReader(WorkloadContext context, int number)
{
    private const int SeekOneIn = 400;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    private readonly string _name = $"reader-{number}";

    public async Task RunAsync(CancellationToken stopping)
    {
        var random = context.RandomOf(_name);
        await using var client = await context.ConnectAsync(CancellationToken.None);
        await using var consumer = client.CreateConsumer(new ConsumerOptions<Null, byte[]>());
        var all = Enumerable.Range(0, context.Partitions).ToArray();
        context.Recorder.Record(new Operation { Process = _name, Kind = OperationKind.Assign, Outcome = Outcome.Ok, Partitions = all });
        await consumer.AssignAsync(all.Select(p => new TopicPartitionOffset(context.At(p), Offset.Zero)), CancellationToken.None);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await foreach (var batch in consumer.ConsumeBatchesAsync(cancellationToken: stopping))
                {
                    context.Recorder.Record(Polls.Of(_name, OperationKind.Poll, batch));
                    if (random.Next(SeekOneIn) == 0)
                    {
                        var partition = random.Next(context.Partitions);
                        context.Recorder.Record(new Operation { Process = _name, Kind = OperationKind.Assign, Outcome = Outcome.Ok, Partitions = [partition] });
                        await consumer.SeekToBeginningAsync(context.At(partition), stopping);
                    }
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (OrleansStreamException exception)
            {
                context.Recorder.Record(new Operation { Process = _name, Kind = OperationKind.Poll, Outcome = Outcome.Info, Note = exception.Message });
                await Task.Delay(s_pause, CancellationToken.None);
            }
        }
    }
}
