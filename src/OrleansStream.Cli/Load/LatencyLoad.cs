using System.Diagnostics;
using OrleansStream.Cli.Records;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Producing;

namespace OrleansStream.Cli.Load;

/// <summary>
/// An open loop: record number n is due at n / rate seconds, and is timed from then, even if it could only be sent later. Two
/// times are taken: until the acknowledgement, and until a consumer in this process has the record in hand.
/// </summary>
internal sealed class LatencyLoad(OrleansStreamClient client, LoadTopic topic, int sizeBytes, long recordsPerSecond)
{
    private static readonly Action<DeliveryResult> s_onDelivery = static result => ((Measured)result.State!).Delivered(result.Error);

    private readonly Guid _runId = Guid.NewGuid();
    private readonly Latencies _acknowledgement = new("acknowledgement");
    private readonly Latencies _endToEnd = new("end to end");
    private OrleansStreamException? _error;
    private long _measureFrom = long.MaxValue;
    private long _sent;
    private long _acknowledged;

    /// <summary>The number of records in the schedule, warm-up included.</summary>
    public long Scheduled { get; private set; }

    public long Sent => Volatile.Read(ref _sent);

    public async Task RunAsync(TimeSpan warmup, TimeSpan duration, CancellationToken cancellationToken)
    {
        var warmupRecords = (long)(warmup.TotalSeconds * recordsPerSecond);
        Scheduled = warmupRecords + Math.Max(1, (long)(duration.TotalSeconds * recordsPerSecond));
        await Task.Yield();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var consumer = await ConsumeFromEndAsync(cancellationToken);
        await using var producer = client.CreateProducer(new ProducerOptions<ReadOnlyMemory<byte>?, LatencyStamp>
        {
            KeySerializer = OptionalBytes.Instance,
            ValueSerializer = new LatencyStampSerializer(sizeBytes),
        });
        var receiving = ReceiveAsync(consumer, stop);

        try
        {
            // A thread of its own, because it sleeps between records; sending never waits unless the cluster has fallen behind.
            await Task.Factory.StartNew(
                () => SendAsync(producer, warmupRecords, stop.Token), stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
            await producer.FlushAsync(stop.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Receiving has failed; awaiting it tells why.
        }

        if (Volatile.Read(ref _error) is { } error)
        {
            await stop.CancelAsync();
            await receiving;
            throw error;
        }

        await receiving;
    }

    public LoadReport Report(TimeSpan duration) => new(
        "latency", topic.Name, _acknowledged, _acknowledged * sizeBytes, duration.TotalSeconds, [_acknowledgement.Summarize(), _endToEnd.Summarize()]);

    private async Task SendAsync(IProducer<ReadOnlyMemory<byte>?, LatencyStamp> producer, long warmupRecords, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var ticksPerRecord = (double)Stopwatch.Frequency / recordsPerSecond;
        Volatile.Write(ref _measureFrom, began + (long)(warmupRecords * ticksPerRecord));
        for (long i = 0; i < Scheduled && Volatile.Read(ref _error) is null; i++)
        {
            var due = began + (long)(i * ticksPerRecord);
            PreciseClock.SleepUntil(due, cancellationToken);
            var record = new ProducerRecord<ReadOnlyMemory<byte>?, LatencyStamp>(topic.Name, null, new LatencyStamp(_runId, due));
            var accepted = producer.EnqueueAsync(record, s_onDelivery, new Measured(this, due), cancellationToken);
            if (!accepted.IsCompletedSuccessfully)
            {
                await accepted;
            }

            Volatile.Write(ref _sent, i + 1);
        }
    }

    private async Task<IConsumer<ReadOnlyMemory<byte>?, LatencyStamp>> ConsumeFromEndAsync(CancellationToken cancellationToken)
    {
        var starts = new List<TopicPartitionOffset>();
        foreach (var partition in Enumerable.Range(0, topic.PartitionCount).Select(n => new TopicPartition(topic.Name, n)))
        {
            starts.Add(new TopicPartitionOffset(partition, await client.Admin.FindEndAsync(partition, cancellationToken)));
        }

        var consumer = client.CreateConsumer(new ConsumerOptions<ReadOnlyMemory<byte>?, LatencyStamp>
        {
            KeySerializer = OptionalBytes.Instance,
            ValueSerializer = new LatencyStampSerializer(sizeBytes),
        });
        await consumer.AssignAsync(starts, cancellationToken);
        return consumer;
    }

    private async Task ReceiveAsync(IConsumer<ReadOnlyMemory<byte>?, LatencyStamp> consumer, CancellationTokenSource stop)
    {
        long received = 0;
        try
        {
            await foreach (var batch in consumer.ConsumeBatchesAsync(cancellationToken: stop.Token))
            {
                foreach (ref readonly var record in batch.Span)
                {
                    if (record.Value.RunId == _runId)
                    {
                        received++;
                        Time(_endToEnd, record.Value.Due);
                    }
                }

                if (received == Scheduled)
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The run has failed or was stopped; whoever did that reports it.
        }
        finally
        {
            await stop.CancelAsync();
        }
    }

    private bool Time(Latencies latencies, long due)
    {
        var isMeasured = due >= Volatile.Read(ref _measureFrom);
        if (isMeasured)
        {
            latencies.RecordSince(due);
        }

        return isMeasured;
    }

    private sealed class Measured(LatencyLoad load, long due)
    {
        public void Delivered(OrleansStreamException? error)
        {
            if (error is not null)
            {
                Interlocked.CompareExchange(ref load._error, error, null);
            }
            else if (load.Time(load._acknowledgement, due))
            {
                Interlocked.Increment(ref load._acknowledged);
            }
        }
    }
}
