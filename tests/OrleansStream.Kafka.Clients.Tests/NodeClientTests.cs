using OrleansStream.Records;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>kafkajs and @platformatic/kafka write, read, and administer. Their groups: <see cref="ClientGroupTests"/>.</summary>
public sealed class NodeClientTests(KafkaHost host) : IClassFixture<KafkaHost>
{
    internal static readonly string[] Names = ["kafkajs", "platformatic"];

    private static readonly CompressionType[] s_codecs = [CompressionType.None, CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];

    public static TheoryData<string> Clients => [.. Names];

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Records_come_back_as_they_were_sent_with_every_codec_by_time_and_up_to_the_largest_size(string client)
    {
        var topic = await host.CreateTopicAsync($"records-{client}");

        await ComeBackAsync(client, host.Servers, topic);

        using var wire = await WireClient.ConnectAsync(host.Servers);
        Assert.Equal([.. s_codecs, CompressionType.None], await wire.ReadCodecsAsync(topic));
        Assert.Equal((s_codecs.Length * 100) + 1, host.ReadAll(topic).Count);
    }

    /// <summary>Finds that records of a topic of one partition come back as they were sent.</summary>
    internal static Task ComeBackAsync(string client, string servers, string topic) => NodeClients.RunAsync(
        "records.mjs", [client, servers, topic, $"{ProduceConsumeTests.LargestValue}", .. s_codecs.Select(codec => codec.ToString().ToLowerInvariant())]);

    [Theory]
    [MemberData(nameof(Clients))]
    public Task Topics_settings_and_groups_are_administered(string client) => NodeClients.RunAsync("admin.mjs", client, host.Servers, KafkaHost.NewTopic($"admin-{client}"));
}
