using System.Text;
using OrleansStream.Records;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>kcat, with the librdkafka of its Debian package, which is years older than Confluent.Kafka's. Its groups: <see cref="ClientGroupTests"/>.</summary>
public sealed class KcatTests(KafkaHost host) : IClassFixture<KafkaHost>
{
    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Records_come_back_as_they_were_sent_with_every_codec(CompressionType codec)
    {
        var topic = await host.CreateTopicAsync($"kcat-{codec}");
        string[] lines = [.. Enumerable.Range(0, 200).Select(number => $"{(number % 3 == 0 ? "" : $"key {number}")}:{(number % 4 == 0 ? "" : $"value {number}")}")];

        // An empty key or value stands for none.
        await Kcat.RunAsync(
            host.Servers, string.Join('\n', lines), "-P", "-t", topic, "-p", "0", "-K", ":", "-Z", "-H", "trace=1", "-z", codec.ToString().ToLowerInvariant(), "-X", "enable.idempotence=true");

        var read = await Kcat.RunAsync(host.Servers, "", "-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q", "-f", "%o %K %S %k:%s %h\n");
        Assert.Equal(lines.Select((line, at) => $"{at} {Length(line.Split(':')[0])} {Length(line.Split(':')[1])} {line} trace=1"), read.TrimEnd('\n').Split('\n'));
        using var wire = await WireClient.ConnectAsync(host.Servers);
        Assert.Equal([codec], (await wire.ReadCodecsAsync(topic)).Distinct());

        static int Length(string text) => text.Length == 0 ? -1 : text.Length;
    }

    [Fact]
    public async Task A_record_may_be_as_large_as_the_topic_allows_and_not_a_byte_larger()
    {
        var topic = await host.CreateTopicAsync("kcat-large");
        var file = Path.GetTempFileName();
        try
        {
            string[] arguments = ["-P", "-t", topic, "-p", "0", "-X", "message.max.bytes=10000000", file];
            await File.WriteAllBytesAsync(file, new byte[ProduceConsumeTests.LargestValue]);
            await Kcat.RunAsync(host.Servers, "", arguments);
            await File.WriteAllBytesAsync(file, new byte[ProduceConsumeTests.LargestValue + 1]);
            var (exitCode, _, errors) = await ClientProcess.EndAsync(await Kcat.DescribeAsync(host.Servers, arguments));

            Assert.NotEqual(0, exitCode);
            Assert.Contains("Broker: Message size too large", errors, StringComparison.Ordinal);
            Assert.Equal($"{ProduceConsumeTests.LargestValue}\n", await Kcat.RunAsync(host.Servers, "", "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%S\n"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task It_lists_topics_and_reads_what_was_written_between_two_moments()
    {
        var topic = await host.CreateTopicAsync("kcat-times", 2);
        const long Start = 1_700_000_000_000;
        using (var producer = host.CreateProducer(config => config.CompressionType = Confluent.Kafka.CompressionType.Zstd))
        {
            await Task.WhenAll(Enumerable.Range(0, 100).Select(number => producer.ProduceAsync(
                new Confluent.Kafka.TopicPartition(topic, 1),
                new() { Value = Encoding.UTF8.GetBytes($"{number}"), Timestamp = new Confluent.Kafka.Timestamp(Start + (number * 1000), Confluent.Kafka.TimestampType.CreateTime) })));
        }

        var listed = await Kcat.RunAsync(host.Servers, "", "-L", "-t", topic);
        var found = await Kcat.RunAsync(host.Servers, "", "-Q", "-t", $"{topic}:1:{Start + 9_999}");
        var read = await Kcat.RunAsync(host.Servers, "", "-C", "-t", topic, "-p", "1", "-o", $"s@{Start + 9_999}", "-o", $"e@{Start + 20_000}", "-q", "-f", "%s %T\n");

        Assert.Contains($"topic \"{topic}\" with 2 partitions", listed, StringComparison.Ordinal);
        Assert.Equal($"{topic} [1] offset 10", found.Trim());
        Assert.Equal(Enumerable.Range(10, 10).Select(number => $"{number} {Start + (number * 1000)}"), read.TrimEnd('\n').Split('\n'));
    }
}
