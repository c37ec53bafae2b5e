using OrleansStream.Benchmarks.Ladder;
using OrleansStream.Client;
using OrleansStream.Client.Producing;
using OrleansStream.Client.Serialization;

namespace OrleansStream.Benchmarks.Scale;

/// <summary>Producers that send as much as a cluster takes, whenever they are told to. Not for concurrent use.</summary>
/// <param name="client">Of the cluster; stays the caller's.</param>
/// <param name="batchBytes">A batch's size at most.</param>
/// <param name="partitions">The topic's.</param>
internal sealed class ScaleLoad(OrleansStreamClient client, int batchBytes, int partitions) : IAsyncDisposable
{
    public const int Producers = 2;
    public const int ValueBytes = 1024;
    public const string Topic = "scale";

    /// <summary>How many batches of a partition a producer may have on the way or ready to go.</summary>
    private const long BatchesInHand = 5;

    private readonly IProducer<Null, ReadOnlyMemory<byte>>[] _producers = [.. Enumerable.Range(0, Producers).Select(_ => client.CreateProducer(
        new ProducerOptions<Null, ReadOnlyMemory<byte>> { MaxBatchBytes = batchBytes, MaxBufferedBytes = BatchesInHand * partitions * batchBytes }))];

    private CancellationTokenSource? _stopping;
    private Task _running = Task.CompletedTask;
    private long _acknowledged;
    private long _failed;

    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    public long Failed => Interlocked.Read(ref _failed);

    public void Start()
    {
        _stopping = new CancellationTokenSource();
        _running = Task.WhenAll(_producers.Select(producer => Task.Run(() => ProduceAsync(producer, _stopping.Token))));
    }

    /// <summary>Sends nothing new, and waits until what was sent is acknowledged.</summary>
    public async Task StopAsync()
    {
        await (_stopping?.CancelAsync() ?? Task.CompletedTask);
        await _running;
        _stopping?.Dispose();
        _stopping = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var producer in _producers)
        {
            await producer.DisposeAsync();
        }
    }

    private async Task ProduceAsync(IProducer<Null, ReadOnlyMemory<byte>> producer, CancellationToken stopping)
    {
        ReadOnlyMemory<byte> value = SampleValue.Of(ValueBytes);
        while (!stopping.IsCancellationRequested)
        {
            // Without key and partition: whole batches go round, so that a silo that is slow for a moment does not make them small for the others.
            await producer.EnqueueAsync(new ProducerRecord<Null, ReadOnlyMemory<byte>>(Topic, default, value), Note, null, CancellationToken.None);
        }

        await producer.FlushAsync(CancellationToken.None);
    }

    private void Note(DeliveryResult result) => Interlocked.Increment(ref result.Error is null ? ref _acknowledged : ref _failed);
}
