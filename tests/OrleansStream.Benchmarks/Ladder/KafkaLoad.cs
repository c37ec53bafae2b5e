using System.Diagnostics;

namespace OrleansStream.Benchmarks.Ladder;

using Confluent.Kafka;

/// <summary>
/// An unmodified Confluent.Kafka client with its own defaults, apart from acks=all and idempotence, against whatever listens at an address.
/// The topic is there already, with as many partitions as the load has.
/// </summary>
/// <param name="servers">Where the servers are, as <c>host:port,…</c>.</param>
/// <param name="topic">The topic.</param>
/// <param name="load">The load; the size of batches is left to the client.</param>
/// <param name="serverCpu">The processor time of the servers so far; null where it cannot be known.</param>
internal sealed class KafkaLoad(string servers, string topic, Load load, Func<TimeSpan>? serverCpu)
{
    /// <summary>Less than the client's own queue holds, so that a full one is never met with.</summary>
    private const int MaxInFlight = 90_000;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private long _delivered;
    private string? _failure;

    /// <summary>Produces round robin over the partitions until the time is up, and waits until all records are acknowledged.</summary>
    public async Task<Measurement> ProduceAsync(TimeSpan duration)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig
        {
            BootstrapServers = servers,
            Acks = Acks.All,
            EnableIdempotence = true,

            // An error comes all the same; what is left out are copies of what the application has anyway.
            DeliveryReportFields = "none",
        }).Build();
        await ProduceForAsync(producer, duration / 5);
        var cpu = new CpuMeter(serverCpu);
        var allocated = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        var records = await ProduceForAsync(producer, duration);
        var elapsed = watch.Elapsed;
        return cpu.AddTo(new Measurement(
            records, records * load.RecordBytes, elapsed, double.NaN, double.NaN, GC.GetTotalAllocatedBytes() - allocated));
    }

    /// <summary>Consumes everything that is there.</summary>
    public async Task<Measurement> ConsumeAsync()
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
        {
            BootstrapServers = servers,
            GroupId = "bench",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
        }).Build();
        var cpu = new CpuMeter(serverCpu);
        var allocated = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        consumer.Assign(Enumerable.Range(0, load.Partitions).Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        var (records, bytes, ends) = (0L, 0L, new HashSet<int>());
        while (ends.Count < load.Partitions)
        {
            var result = consumer.Consume(s_patience) ?? throw new TimeoutException($"Nothing came after {records} records.");
            if (result.IsPartitionEOF)
            {
                ends.Add(result.Partition);
                continue;
            }

            records++;
            bytes += result.Message.Value.Length;
        }

        await Task.CompletedTask;
        return cpu.AddTo(new Measurement(records, bytes, watch.Elapsed, double.NaN, double.NaN, GC.GetTotalAllocatedBytes() - allocated));
    }

    private async Task<long> ProduceForAsync(IProducer<Null, byte[]> producer, TimeSpan time)
    {
        var partitions = Enumerable.Range(0, load.Partitions).Select(partition => new TopicPartition(topic, partition)).ToArray();
        var message = new Message<Null, byte[]> { Value = SampleValue.Of(load.RecordBytes) };
        Action<DeliveryReport<Null, byte[]>> onDelivery = report =>
        {
            if (report.Error.IsError)
            {
                Volatile.Write(ref _failure, report.Error.Reason);
            }

            Interlocked.Increment(ref _delivered);
        };
        var sent = 0L;
        Volatile.Write(ref _delivered, 0);
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < time;)
        {
            for (var i = 0; i < 1000; i++)
            {
                producer.Produce(partitions[sent++ % partitions.Length], message, onDelivery);
            }

            await WaitForAsync(() => sent - Volatile.Read(ref _delivered) <= MaxInFlight - 1000);
        }

        await WaitForAsync(() => Volatile.Read(ref _delivered) == sent);
        return sent;
    }

    private async Task WaitForAsync(Func<bool> isReached)
    {
        for (var start = Stopwatch.GetTimestamp(); !isReached();)
        {
            await Task.Delay(1);
            if (Volatile.Read(ref _failure) is { } failure)
            {
                throw new InvalidOperationException($"A record was not delivered: {failure}");
            }

            if (Stopwatch.GetElapsedTime(start) > s_patience)
            {
                throw new TimeoutException("The records were not acknowledged in time.");
            }
        }
    }
}
