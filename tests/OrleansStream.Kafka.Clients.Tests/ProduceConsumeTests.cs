using System.Text;

namespace OrleansStream.Kafka.Clients.Tests;

using Confluent.Kafka;

/// <summary>Confluent.Kafka, which is librdkafka, writes and reads.</summary>
public sealed class ProduceConsumeTests(KafkaHost host) : IClassFixture<KafkaHost>
{
    /// <summary>
    /// The largest value that the default limit of a batch leaves room for: beside the batch's header there are the record's length, attributes,
    /// deltas, a null key, the value's length and no headers.
    /// </summary>
    internal const int LargestValue = DefaultMaxBatchBytes - (61 + 3 + 1 + 1 + 1 + 1 + 3 + 1);

    private const int DefaultMaxBatchBytes = 1_048_588;

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Records_come_back_as_they_were_sent_with_every_codec(CompressionType codec)
    {
        var topic = await host.CreateTopicAsync($"codec-{codec}");
        var sent = Enumerable.Range(0, 500).Select(Sample).ToList();

        using (var producer = host.CreateProducer(config => config.CompressionType = codec))
        {
            await Task.WhenAll(sent.Select(message => producer.ProduceAsync(new TopicPartition(topic, 0), message)));
        }

        var read = host.ReadAll(topic);
        Assert.Equal(sent.Count, read.Count);
        for (var at = 0; at < sent.Count; at++)
        {
            Assert.Equal(at, read[at].Offset.Value);
            AssertSame(sent[at], read[at].Message);
        }
    }

    [Theory]
    [InlineData(Acks.None)]
    [InlineData(Acks.Leader)]
    [InlineData(Acks.All)]
    public async Task Every_kind_of_acknowledgement_stores_the_records(Acks acks)
    {
        var topic = await host.CreateTopicAsync($"acks-{acks}");
        using (var producer = host.CreateProducer(config => config.Acks = acks))
        {
            for (var number = 0; number < 100; number++)
            {
                producer.Produce(new TopicPartition(topic, 0), Sample(number));
            }

            producer.Flush(TimeSpan.FromSeconds(20));
            if (acks == Acks.None)
            {
                // Nobody says when they are stored; an acknowledged one behind them does.
                using var last = host.CreateProducer();
                while (host.ReadAll(topic).Count < 100)
                {
                    await Task.Delay(20);
                }
            }
        }

        Assert.Equal(Enumerable.Range(0, 100).Select(number => (long)number), host.ReadAll(topic).Select(record => record.Offset.Value));
    }

    [Fact]
    public async Task A_batch_may_be_as_large_as_the_topic_allows_and_not_a_byte_larger()
    {
        var topic = await host.CreateTopicAsync("large");
        using var producer = host.CreateProducer(config => config.MessageMaxBytes = 10_000_000);
        var largest = new byte[LargestValue];
        var stored = await producer.ProduceAsync(new TopicPartition(topic, 0), new() { Value = largest });
        var refused = await Assert.ThrowsAsync<ProduceException<byte[]?, byte[]?>>(
            () => producer.ProduceAsync(new TopicPartition(topic, 0), new() { Value = new byte[largest.Length + 1] }));

        Assert.Equal(0, stored.Offset.Value);
        Assert.Equal(ErrorCode.MsgSizeTooLarge, refused.Error.Code);
        Assert.Equal(largest.Length, Assert.Single(host.ReadAll(topic)).Message.Value!.Length);
    }

    [Fact]
    public async Task A_topic_that_nobody_created_is_created_by_producing_to_it()
    {
        var topic = KafkaHost.NewTopic("automatic");
        using var producer = host.CreateProducer();

        var stored = await producer.ProduceAsync(topic, Sample(1));

        Assert.Equal(4, (await host.Sdk.Admin.DescribeTopicAsync(topic)).PartitionCount);
        AssertSame(Sample(1), Assert.Single(host.ReadAll(topic, stored.Partition.Value)).Message);
    }

    [Fact]
    public async Task An_idempotent_producer_stores_everything_once_and_in_order()
    {
        var topic = await host.CreateTopicAsync("idempotent", partitions: 3);
        using (var producer = host.CreateProducer(config =>
        {
            config.EnableIdempotence = true;
            config.LingerMs = 1;
            config.BatchNumMessages = 10;
        }))
        {
            for (var number = 0; number < 6000; number++)
            {
                producer.Produce(new TopicPartition(topic, number % 3), new() { Value = Encoding.UTF8.GetBytes($"{number}") });
            }

            producer.Flush(TimeSpan.FromSeconds(30));
        }

        for (var partition = 0; partition < 3; partition++)
        {
            var expected = Enumerable.Range(0, 6000).Where(number => number % 3 == partition).Select(number => $"{number}");
            Assert.Equal(expected, host.ReadAll(topic, partition).Select(record => Encoding.UTF8.GetString(record.Message.Value!)));
        }
    }

    [Fact]
    public async Task Offsets_are_found_by_time_and_at_both_ends_and_gone_to()
    {
        var topic = await host.CreateTopicAsync("times");
        var start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);
        using (var producer = host.CreateProducer())
        {
            await Task.WhenAll(Enumerable.Range(0, 100).Select(number => producer.ProduceAsync(
                new TopicPartition(topic, 0), new() { Value = [1], Timestamp = new Timestamp(start.AddSeconds(number)) })));
        }

        using var consumer = host.CreateConsumer();
        var partition = new TopicPartition(topic, 0);

        Assert.Equal(42, FindAt(start.AddSeconds(42)));
        Assert.Equal(43, FindAt(start.AddSeconds(42).AddMilliseconds(1)));
        Assert.Equal(0, FindAt(start.AddDays(-1)));
        Assert.Equal(Offset.End.Value, FindAt(start.AddDays(1)));
        var ends = consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(10));
        Assert.Equal((0L, 100L), (ends.Low.Value, ends.High.Value));
        consumer.Assign(new TopicPartitionOffset(partition, 0));
        Assert.Equal(0, consumer.Consume(TimeSpan.FromSeconds(10)).Offset.Value);
        consumer.Seek(new TopicPartitionOffset(partition, FindAt(start.AddSeconds(42))));
        Assert.Equal(start.AddSeconds(42).ToUnixTimeMilliseconds(), consumer.Consume(TimeSpan.FromSeconds(10)).Message.Timestamp.UnixTimestampMs);

        long FindAt(DateTimeOffset time) => Assert.Single(consumer.OffsetsForTimes(
            [new TopicPartitionTimestamp(partition, new Timestamp(time))], TimeSpan.FromSeconds(10))).Offset.Value;
    }

    [Fact]
    public async Task A_consumer_at_the_end_gets_a_record_as_soon_as_it_is_there()
    {
        var topic = await host.CreateTopicAsync("tail");
        using var consumer = host.CreateConsumer(config => config.FetchWaitMaxMs = 2000);
        consumer.Assign(new TopicPartitionOffset(topic, 0, 0));
        Assert.True(consumer.Consume(TimeSpan.FromSeconds(10)).IsPartitionEOF);
        using var producer = host.CreateProducer();

        await producer.ProduceAsync(new TopicPartition(topic, 0), Sample(7));

        AssertSame(Sample(7), consumer.Consume(TimeSpan.FromSeconds(1.5)).Message);
    }

    [Fact]
    public async Task An_offset_that_is_not_there_is_reported()
    {
        var topic = await host.CreateTopicAsync("range");
        using var consumer = host.CreateConsumer();
        consumer.Assign(new TopicPartitionOffset(topic, 0, 5));

        var refused = Assert.Throws<ConsumeException>(() => consumer.Consume(TimeSpan.FromSeconds(10)));

        Assert.Equal(ErrorCode.Local_AutoOffsetReset, refused.Error.Code);
    }

    internal static Message<byte[]?, byte[]?> Sample(int number) => new()
    {
        Key = (number % 3) switch { 0 => null, 1 => [], _ => Encoding.UTF8.GetBytes($"key {number}") },
        Value = (number % 5) switch { 0 => null, 1 => [], _ => Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Repeat($"value {number}", number % 50))) },
        Headers = [new Header("trace", Encoding.UTF8.GetBytes($"{number}")), new Header("trace", []), new Header("nothing", null)],
        Timestamp = new Timestamp(1_700_000_000_000 + number, TimestampType.CreateTime),
    };

    internal static void AssertSame(Message<byte[]?, byte[]?> expected, Message<byte[]?, byte[]?> actual)
    {
        Assert.Equal(expected.Key, actual.Key);
        Assert.Equal(expected.Value, actual.Value);
        Assert.Equal(expected.Timestamp, actual.Timestamp);
        Assert.Equal(expected.Headers.Select(header => (header.Key, Text(header))), actual.Headers.Select(header => (header.Key, Text(header))));

        static string Text(IHeader header) => header.GetValueBytes() is { } bytes ? Convert.ToHexString(bytes) : "null";
    }
}
