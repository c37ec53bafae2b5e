using System.Buffers.Binary;
using System.Diagnostics;
using Confluent.Kafka;
using HdrHistogram;
using OrleansStream.Benchmarks.Ladder;

namespace OrleansStream.Benchmarks.Peers.Clients;

/// <summary>Confluent.Kafka with its defaults, unless <see cref="Settings"/> says otherwise; the same for every server.</summary>
internal sealed class ConfluentClient(string bootstrap) : IPeerClient
{
    /// <summary>What differs from the defaults of the client, for people.</summary>
    public const string Settings =
        "acks=all (the default), linger.ms=5 (the default), one partition after the other; throughput without delivery reports (checked against the offsets " +
        "of the topic), latency with them; consumers with partitions assigned, enable.auto.commit=false, fetch.queue.backoff.ms=10, timed from the first record";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_fullPause = TimeSpan.FromMilliseconds(2);

    public async Task<Flow> ProduceAsync(string topic, Shape shape, TimeSpan duration)
    {
        var before = CountRecords(topic, shape.Partitions);
        var producers = Enumerable.Range(0, shape.Producers).Select(_ => CreateProducer(topic, shape, reports: false)).ToArray();
        try
        {
            var start = Stopwatch.GetTimestamp();
            var counts = await Task.WhenAll(producers.Select(producer => OnThread(() => ProduceFor(producer, topic, shape, duration))));
            var flow = new Flow(counts.Sum(), Stopwatch.GetElapsedTime(start));
            var stored = CountRecords(topic, shape.Partitions) - before;
            return stored == flow.Records + producers.Length * shape.Partitions
                ? flow
                : throw new InvalidOperationException($"{flow.Records} records were produced, but {stored} stored.");
        }
        finally
        {
            Dispose(producers);
        }
    }

    public async Task<HistogramBase> ProduceAtAsync(string topic, Shape shape, double rate, TimeSpan duration)
    {
        using var producer = CreateProducer(topic, shape, reports: true);
        var schedule = new Schedule(rate, duration);
        var histogram = Schedule.NewHistogram();
        var message = new Message<Null, byte[]> { Value = SampleValue.Of(shape.RecordBytes) };
        var next = 0;
        var failed = 0;
        await schedule.RunAsync((due, count) =>
        {
            // One delegate for a burst: all of it was due at the same moment.
            Action<DeliveryReport<Null, byte[]>> acknowledged = report =>
            {
                failed += report.Error.IsError ? 1 : 0;
                schedule.Record(histogram, due);
            };
            for (var i = 0; i < count; i++)
            {
                Produce(producer, new Confluent.Kafka.TopicPartition(topic, next++ % shape.Partitions), message, acknowledged);
            }
        });
        FlushAll(producer);
        return failed == 0 ? histogram : throw new InvalidOperationException($"{failed} records were not acknowledged.");
    }

    public async Task<Flow> ConsumeAsync(string topic, int partitions, long records, int readers = 1)
    {
        var consumers = Enumerable.Range(0, readers).Select(_ => CreateConsumer()).ToArray();
        try
        {
            var starts = await Task.WhenAll(consumers.Select(consumer => OnThread(() => Read(consumer, topic, partitions, records))));
            return new Flow(records * readers, Stopwatch.GetElapsedTime(starts.Min()));
        }
        finally
        {
            Dispose(consumers);
        }
    }

    public async Task<HistogramBase> EndToEndAsync(string topic, Shape shape, double rate, TimeSpan duration)
    {
        // The records that open the producer's connections, with a moment of zero, are read as well.
        var before = CountRecords(topic, shape.Partitions);
        using var producer = CreateProducer(topic, shape, reports: false);
        using var consumer = CreateConsumer();
        consumer.Assign(Partitions(topic, shape.Partitions).Select(partition => new Confluent.Kafka.TopicPartitionOffset(partition, Confluent.Kafka.Offset.Beginning)));
        var schedule = new Schedule(rate, duration);
        var histogram = Schedule.NewHistogram();
        var expected = before + shape.Partitions + schedule.Records;
        var reading = OnThread(() =>
        {
            for (var count = 0L; count < expected; count++)
            {
                var value = Next(consumer).Message.Value;
                var due = BinaryPrimitives.ReadInt64LittleEndian(value);
                if (due > 0)
                {
                    schedule.Record(histogram, due);
                }
            }

            return 0;
        });
        var next = 0;
        await schedule.RunAsync((due, count) =>
        {
            for (var i = 0; i < count; i++)
            {
                var value = new byte[shape.RecordBytes];
                BinaryPrimitives.WriteInt64LittleEndian(value, due);
                Produce(producer, new Confluent.Kafka.TopicPartition(topic, next++ % shape.Partitions), new Message<Null, byte[]> { Value = value }, null);
            }
        });
        FlushAll(producer);
        await reading;
        return histogram;
    }

    /// <summary>The records that a topic holds from its beginning on.</summary>
    public long CountRecords(string topic, int partitions)
    {
        using var consumer = CreateConsumer();
        return Partitions(topic, partitions).Sum(partition => consumer.QueryWatermarkOffsets(partition, s_patience).High.Value);
    }

    private IProducer<Null, byte[]> CreateProducer(string topic, Shape shape, bool reports)
    {
        var config = new ProducerConfig { BootstrapServers = bootstrap, Acks = Acks.All, EnableDeliveryReports = reports, DeliveryReportFields = "status" };
        var producer = new ProducerBuilder<Null, byte[]>(config).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();

        // Connections and metadata are not what is measured.
        foreach (var partition in Partitions(topic, shape.Partitions))
        {
            producer.Produce(partition, new Message<Null, byte[]> { Value = new byte[shape.RecordBytes] });
        }

        FlushAll(producer);
        return producer;
    }

    private IConsumer<Null, byte[]> CreateConsumer() => new ConsumerBuilder<Null, byte[]>(new ConsumerConfig
    {
        BootstrapServers = bootstrap,
        GroupId = "not-joined",
        EnableAutoCommit = false,
        AutoOffsetReset = AutoOffsetReset.Earliest,
        FetchQueueBackoffMs = 10,
    }).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();

    private static long ProduceFor(IProducer<Null, byte[]> producer, string topic, Shape shape, TimeSpan duration)
    {
        const int between = 1000;
        var partitions = Partitions(topic, shape.Partitions).ToArray();
        var message = new Message<Null, byte[]> { Value = SampleValue.Of(shape.RecordBytes) };
        var count = 0L;
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < duration;)
        {
            for (var i = 0; i < between; i++)
            {
                Produce(producer, partitions[count++ % partitions.Length], message, null);
            }
        }

        FlushAll(producer);
        return count;
    }

    /// <summary>Waits while the client's buffer is full: this is its back-pressure.</summary>
    private static void Produce(
        IProducer<Null, byte[]> producer, Confluent.Kafka.TopicPartition partition, Message<Null, byte[]> message, Action<DeliveryReport<Null, byte[]>>? acknowledged)
    {
        while (true)
        {
            try
            {
                producer.Produce(partition, message, acknowledged);
                return;
            }
            catch (ProduceException<Null, byte[]> full) when (full.Error.Code == Confluent.Kafka.ErrorCode.Local_QueueFull)
            {
                Thread.Sleep(s_fullPause);
            }
        }
    }

    /// <summary>Reads all records.</summary>
    /// <returns>
    /// The moment in which the first one came. Until then the client waits for a timer of its own for half a second, whatever the server: counted, it
    /// would make a short topic look slower to read than a long one.
    /// </returns>
    private static long Read(IConsumer<Null, byte[]> consumer, string topic, int partitions, long records)
    {
        consumer.Assign(Partitions(topic, partitions).Select(partition => new Confluent.Kafka.TopicPartitionOffset(partition, Confluent.Kafka.Offset.Beginning)));
        Next(consumer);
        var start = Stopwatch.GetTimestamp();
        for (var count = 1L; count < records; count++)
        {
            Next(consumer);
        }

        return start;
    }

    private static ConsumeResult<Null, byte[]> Next(IConsumer<Null, byte[]> consumer) =>
        consumer.Consume(s_patience) ?? throw new TimeoutException($"No record came for {s_patience.TotalSeconds} s.");

    private static void FlushAll(IProducer<Null, byte[]> producer)
    {
        if (producer.Flush(s_patience) > 0)
        {
            throw new TimeoutException($"Not every record was acknowledged within {s_patience.TotalSeconds} s.");
        }
    }

    private static IEnumerable<Confluent.Kafka.TopicPartition> Partitions(string topic, int count) =>
        Enumerable.Range(0, count).Select(partition => new Confluent.Kafka.TopicPartition(topic, partition));

    private static Task<T> OnThread<T>(Func<T> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void Dispose(IEnumerable<IDisposable> clients)
    {
        foreach (var client in clients)
        {
            client.Dispose();
        }
    }
}
