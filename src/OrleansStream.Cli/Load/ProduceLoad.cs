using System.Diagnostics;
using OrleansStream.Client.Producing;

namespace OrleansStream.Cli.Load;

/// <summary>Produces made-up records through one producer and times their acknowledgements.</summary>
internal sealed class ProduceLoad(IProducer<ReadOnlyMemory<byte>?, ReadOnlyMemory<byte>?> producer, string topic, int sizeBytes, long recordsPerSecond)
{
    /// <summary>Records handed over within this time share a start, and with it an object: an error of at most that much.</summary>
    private static readonly long s_startResolution = Stopwatch.Frequency / 100_000;

    private static readonly Action<DeliveryResult> s_onDelivery = static result => ((Start)result.State!).Delivered(result.Error);

    private readonly Latencies _latencies = new("acknowledgement");
    private OrleansStreamException? _error;
    private long _acknowledged;

    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>Produces so many records and waits until all are acknowledged.</summary>
    /// <exception cref="OrleansStreamException">One was not.</exception>
    public async Task RunAsync(long records, CancellationToken cancellationToken)
    {
        // Away from the caller, who draws the progress.
        await Task.Yield();
        var values = new LoadValues(sizeBytes);
        var began = Stopwatch.GetTimestamp();
        var start = new Start(this, began);
        for (long i = 0; i < records && Volatile.Read(ref _error) is null; i++)
        {
            if (recordsPerSecond > 0 && i % Math.Max(1, recordsPerSecond / 1000) == 0)
            {
                var ahead = TimeSpan.FromSeconds((double)i / recordsPerSecond) - Stopwatch.GetElapsedTime(began);
                if (ahead > TimeSpan.FromMilliseconds(1))
                {
                    await Task.Delay(ahead, cancellationToken);
                }
            }

            var now = Stopwatch.GetTimestamp();
            if (now - start.Timestamp > s_startResolution)
            {
                start = new Start(this, now);
            }

            var record = new ProducerRecord<ReadOnlyMemory<byte>?, ReadOnlyMemory<byte>?>(topic, null, values.Next());
            var accepted = producer.EnqueueAsync(record, s_onDelivery, start, cancellationToken);
            if (!accepted.IsCompletedSuccessfully)
            {
                await accepted;
            }
        }

        await producer.FlushAsync(cancellationToken);
        if (Volatile.Read(ref _error) is { } error)
        {
            throw error;
        }
    }

    public LoadReport Report(TimeSpan time) =>
        new("produce", topic, Acknowledged, Acknowledged * sizeBytes, time.TotalSeconds, [_latencies.Summarize()]);

    private sealed class Start(ProduceLoad load, long timestamp)
    {
        public long Timestamp => timestamp;

        public void Delivered(OrleansStreamException? error)
        {
            if (error is not null)
            {
                Interlocked.CompareExchange(ref load._error, error, null);
                return;
            }

            Interlocked.Increment(ref load._acknowledged);
            load._latencies.RecordSince(timestamp);
        }
    }
}
