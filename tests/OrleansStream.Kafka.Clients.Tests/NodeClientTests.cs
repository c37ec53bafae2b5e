using OrleansStream.Records;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>kafkajs and @platformatic/kafka write, read, and administer. Their groups: <see cref="ClientGroupTests"/>.</summary>
public sealed class NodeClientTests(KafkaHost host) : IClassFixture<KafkaHost>
{
    [Theory]
    [InlineData("kafkajs", CompressionType.None, CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd)]
    [InlineData("platformatic", CompressionType.None, CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd)]
    public async Task Records_come_back_as_they_were_sent_with_every_codec_by_time_and_up_to_the_largest_size(string client, params CompressionType[] codecs)
    {
        var topic = await host.CreateTopicAsync($"records-{client}");

        await NodeClients.RunAsync(
            "records.mjs", [client, host.Servers, topic, $"{ProduceConsumeTests.LargestValue}", .. codecs.Select(codec => codec.ToString().ToLowerInvariant())]);

        using var wire = await WireClient.ConnectAsync(host.Servers);
        Assert.Equal([.. codecs, CompressionType.None], await wire.ReadCodecsAsync(topic));
        Assert.Equal((codecs.Length * 100) + 1, host.ReadAll(topic).Count);
    }

    [Theory]
    [InlineData("kafkajs")]
    [InlineData("platformatic")]
    public Task Topics_settings_and_groups_are_administered(string client) => NodeClients.RunAsync("admin.mjs", client, host.Servers, KafkaHost.NewTopic($"admin-{client}"));
}
