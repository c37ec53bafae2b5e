using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using HdrHistogram;
using OrleansStream.Benchmarks.Ladder;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Producing;
using OrleansStream.Client.Serialization;

namespace OrleansStream.Benchmarks.Peers.Clients;

/// <summary>Our own SDK with its defaults, over TCP.</summary>
internal sealed class SdkClient(OrleansStreamClient client) : IPeerClient
{
    public const string Settings = "the defaults: idempotent, no linger, batches of up to 1 MiB; consumers read every partition by themselves";

    public async Task<Flow> ProduceAsync(string topic, Shape shape, TimeSpan duration)
    {
        var producers = new List<IProducer<Null, ReadOnlyMemory<byte>>>();
        for (var i = 0; i < shape.Producers; i++)
        {
            producers.Add(await CreateProducerAsync(topic, shape));
        }

        var start = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(producers.Select(producer => Task.Run(() => ProduceForAsync(producer, topic, shape, duration))));
        var flow = new Flow(counts.Sum(), Stopwatch.GetElapsedTime(start));
        foreach (var producer in producers)
        {
            await producer.DisposeAsync();
        }

        return flow;
    }

    public async Task<HistogramBase> ProduceAtAsync(string topic, Shape shape, double rate, TimeSpan duration)
    {
        await using var producer = await CreateProducerAsync(topic, shape);
        var schedule = new Schedule(rate, duration);
        var histogram = Schedule.NewHistogram();
        ReadOnlyMemory<byte> value = SampleValue.Of(shape.RecordBytes);
        var failed = 0;
        var sender = new Sender(producer, topic, shape.Partitions);
        await schedule.RunAsync((due, count) =>
        {
            object moment = due;
            for (var i = 0; i < count; i++)
            {
                sender.Send(value, Acknowledged, moment);
            }
        });
        await producer.FlushAsync();
        return failed == 0 ? histogram : throw new InvalidOperationException($"{failed} records were not acknowledged.");

        void Acknowledged(DeliveryResult result)
        {
            if (result.Error is not null)
            {
                Interlocked.Increment(ref failed);
            }

            schedule.Record(histogram, (long)result.State!);
        }
    }

    public async Task<Flow> ConsumeAsync(string topic, int partitions, long records, int readers = 1)
    {
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, readers).Select(_ => Task.Run(() => ReadAsync(topic, records))));
        return new Flow(records * readers, Stopwatch.GetElapsedTime(start));
    }

    public async Task<HistogramBase> EndToEndAsync(string topic, Shape shape, double rate, TimeSpan duration)
    {
        await using var producer = await CreateProducerAsync(topic, shape);
        var schedule = new Schedule(rate, duration);
        var histogram = Schedule.NewHistogram();
        await using var consumer = client.CreateConsumer(new ConsumerOptions<Null, long> { Topics = [topic], ValueSerializer = new Moment() });
        var expected = shape.Partitions + schedule.Records;
        var reading = Task.Run(async () =>
        {
            var count = 0L;
            await foreach (var record in consumer)
            {
                if (record.Value > 0)
                {
                    schedule.Record(histogram, record.Value);
                }

                if (++count == expected)
                {
                    return;
                }
            }
        });
        var value = new byte[shape.RecordBytes];
        var sender = new Sender(producer, topic, shape.Partitions);
        await schedule.RunAsync((due, count) =>
        {
            BinaryPrimitives.WriteInt64LittleEndian(value, due);
            for (var i = 0; i < count; i++)
            {
                sender.Send(value, null, null);
            }
        });
        await producer.FlushAsync();
        await reading;
        return histogram;
    }

    private async Task<IProducer<Null, ReadOnlyMemory<byte>>> CreateProducerAsync(string topic, Shape shape)
    {
        var producer = client.CreateProducer<Null, ReadOnlyMemory<byte>>();
        for (var partition = 0; partition < shape.Partitions; partition++)
        {
            await producer.ProduceAsync(new ProducerRecord<Null, ReadOnlyMemory<byte>>(topic, default, new byte[shape.RecordBytes]) { Partition = partition });
        }

        return producer;
    }

    private static async Task<long> ProduceForAsync(IProducer<Null, ReadOnlyMemory<byte>> producer, string topic, Shape shape, TimeSpan duration)
    {
        const int between = 1000;
        ReadOnlyMemory<byte> value = SampleValue.Of(shape.RecordBytes);
        var count = 0L;
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < duration;)
        {
            for (var i = 0; i < between; i++)
            {
                await producer.EnqueueAsync(new ProducerRecord<Null, ReadOnlyMemory<byte>>(topic, default, value) { Partition = (int)(count++ % shape.Partitions) });
            }
        }

        // Throws when a record was lost.
        await producer.FlushAsync();
        return count;
    }

    private async Task ReadAsync(string topic, long records)
    {
        await using var consumer = client.CreateConsumer(new ConsumerOptions<Null, byte[]> { Topics = [topic] });
        var count = 0L;
        await foreach (var _ in consumer)
        {
            if (++count == records)
            {
                return;
            }
        }
    }

    /// <summary>Sends round robin from one thread, and waits there when the producer's buffer is full.</summary>
    private sealed class Sender(IProducer<Null, ReadOnlyMemory<byte>> producer, string topic, int partitions)
    {
        private int _next;

        public void Send(ReadOnlyMemory<byte> value, Action<DeliveryResult>? acknowledged, object? state)
        {
            var taken = producer.EnqueueAsync(
                new ProducerRecord<Null, ReadOnlyMemory<byte>>(topic, default, value) { Partition = _next++ % partitions }, acknowledged, state);
            if (!taken.IsCompletedSuccessfully)
            {
                using var done = new ManualResetEventSlim();
                var task = taken.AsTask();
                task.GetAwaiter().OnCompleted(done.Set);
                done.Wait();
                if (task.Exception is { } failure)
                {
                    throw failure;
                }
            }
        }
    }

    /// <summary>The moment at the beginning of a value.</summary>
    private sealed class Moment : ISerializer<long>
    {
        public void Serialize(long value, IBufferWriter<byte> writer) => throw new NotSupportedException();

        public long Deserialize(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadInt64LittleEndian(data);
    }
}
