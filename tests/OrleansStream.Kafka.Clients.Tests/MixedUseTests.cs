using System.Text;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Producing;
using OrleansStream.Records;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>Records of the SDK are read by a Kafka client, and the other way round. Groups and their offsets: <see cref="GroupTests"/>.</summary>
public sealed class MixedUseTests(KafkaHost host) : IClassFixture<KafkaHost>
{
    public static TheoryData<CompressionType> Codecs => [.. Enum.GetValues<CompressionType>()];

    [Theory]
    [MemberData(nameof(Codecs))]
    public async Task A_kafka_client_reads_what_the_sdk_wrote(CompressionType codec)
    {
        var topic = await host.CreateTopicAsync($"sdk-{codec}");
        var sent = Enumerable.Range(0, 100).Select(ProduceConsumeTests.Sample).ToList();
        await using (var producer = host.Sdk.CreateProducer(new ProducerOptions<byte[], byte[]> { Compression = codec }))
        {
            await Task.WhenAll(sent.Select(message => producer.ProduceAsync(new ProducerRecord<byte[], byte[]>(topic, message.Key, message.Value)
            {
                Headers = [.. message.Headers.Select(header => new RecordHeader(header.Key, header.GetValueBytes()))],
                Timestamp = message.Timestamp.UtcDateTime,
                Partition = 0,
            }).AsTask()));
        }

        var read = host.ReadAll(topic);

        Assert.Equal(sent.Count, read.Count);
        Assert.All(sent.Zip(read), pair => ProduceConsumeTests.AssertSame(pair.First, pair.Second.Message));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public async Task The_sdk_reads_what_a_kafka_client_wrote(CompressionType codec)
    {
        var topic = await host.CreateTopicAsync($"kafka-{codec}");
        var sent = Enumerable.Range(0, 100).Select(ProduceConsumeTests.Sample).ToList();
        using (var producer = host.CreateProducer(config => config.CompressionType = Enum.Parse<Confluent.Kafka.CompressionType>(codec.ToString())))
        {
            await Task.WhenAll(sent.Select(message => producer.ProduceAsync(new Confluent.Kafka.TopicPartition(topic, 0), message)));
        }

        await using var consumer = host.Sdk.CreateConsumer(new ConsumerOptions<byte[], byte[]>());
        await consumer.AssignAsync([new TopicPartitionOffset(new TopicPartition(topic, 0), new Offset(0))]);
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var read = 0;
        await foreach (var record in consumer.WithCancellation(enough.Token))
        {
            var expected = sent[read];
            Assert.Equal(expected.Key, record.Key);
            Assert.Equal(expected.Value, record.Value);
            Assert.Equal(expected.Timestamp.UnixTimestampMs, record.TimestampMs);
            Assert.Equal(
                expected.Headers.Select(header => (header.Key, Text(header.GetValueBytes()))),
                record.Headers.Select(header => (header.Key, Text(header.Value?.ToArray()))));
            if (++read == sent.Count)
            {
                break;
            }
        }

        Assert.Equal(sent.Count, read);

        static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);
    }
}
