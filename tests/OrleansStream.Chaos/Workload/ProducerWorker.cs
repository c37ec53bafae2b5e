using OrleansStream.Chaos.History;
using OrleansStream.Client.Producing;

namespace OrleansStream.Chaos.Workload;

/// <summary>
/// An idempotent producer: hands over records for partitions of its choice, several in flight for each, and takes down what it is
/// told of each. Now and then it sends a record that is too large, which must be refused and never be seen.
/// </summary>
internal sealed class ProducerWorker(WorkloadContext context, int number, TimeSpan deliveryTimeout)
{
    private const int MaxInFlightPerPartition = 50;
    private const int RecordsPerTick = 4;
    private const int MaxPaddingBytes = 1000;
    private const int TooLargeBytes = 2 * 1024 * 1024;
    private const int TooLargeOneIn = 2000;
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);

    private readonly string _name = $"producer-{number}";
    private readonly int[] _inFlight = new int[context.Partitions];
    private long _count;

    /// <summary>Produces until it is told to stop; then completes when the fate of every record is known.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var random = context.RandomOf(_name);
        await using var client = await context.ConnectAsync(CancellationToken.None);
        await using var producer = client.CreateProducer(new ProducerOptions<string, byte[]> { DeliveryTimeout = deliveryTimeout });
        using var timer = new PeriodicTimer(s_tick);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                var partition = random.Next(context.Partitions);
                for (var i = 0; i < RecordsPerTick && Volatile.Read(ref _inFlight[partition]) < MaxInFlightPerPartition; i++)
                {
                    await SendAsync(producer, partition, random);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to stop. Disposing waits for what is in flight.
        }
    }

    private async Task SendAsync(IProducer<string, byte[]> producer, int partition, Random random)
    {
        var isTooLarge = random.Next(TooLargeOneIn) == 0;
        var operation = new Operation
        {
            Process = _name,
            Kind = OperationKind.Send,
            Outcome = Outcome.Invoke,
            Call = context.Recorder.NextCall(),
            Partition = partition,
            Value = ((long)number << 40) + ++_count,
        };
        context.Recorder.Record(operation);
        Interlocked.Increment(ref _inFlight[partition]);
        var value = RecordValue.Encode(operation.Value, isTooLarge ? TooLargeBytes : random.Next(MaxPaddingBytes));
        var record = new ProducerRecord<string, byte[]>(context.Topic, null, value) { Partition = partition };
        try
        {
            await producer.EnqueueAsync(record, OnDelivery, operation);
        }
        catch (OrleansStreamException exception)
        {
            Complete(operation, exception, Offset.None);
        }
    }

    private void OnDelivery(DeliveryResult result) => Complete((Operation)result.State!, result.Error, result.Offset);

    private void Complete(Operation operation, OrleansStreamException? error, Offset offset)
    {
        Interlocked.Decrement(ref _inFlight[operation.Partition]);
        context.Recorder.Record(operation with
        {
            Outcome = error is null ? Outcome.Ok : IsDefinite(error.ErrorCode) ? Outcome.Fail : Outcome.Info,
            Offset = offset.Value,
            Note = error?.Message,
        });
    }

    /// <summary>Refusals for what the record is, not for what happened on the way: they promise that it will never be stored.</summary>
    private static bool IsDefinite(ErrorCode error) => error is ErrorCode.MessageTooLarge or ErrorCode.InvalidRecord or ErrorCode.SerializationFailed
        or ErrorCode.BufferFull;
}
