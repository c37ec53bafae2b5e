using static OrleansStream.Kafka.Clients.Tests.GroupTests;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>kafkajs and @platformatic/kafka: they write, share a topic as groups of three, go on where they stopped, and administer.</summary>
public sealed class NodeClientTests(KafkaHost host) : IClassFixture<KafkaHost>
{
    [Theory]
    [InlineData("kafkajs")]
    [InlineData("platformatic")]
    public async Task Three_members_share_what_is_produced_while_one_leaves_and_one_crashes_and_a_later_one_goes_on(string client)
    {
        var topic = await host.CreateTopicAsync(client, 6);
        await using var a = await NodeMember.StartAsync(client, host.Servers, topic, topic);
        await using var b = await NodeMember.StartAsync(client, host.Servers, topic, topic);
        await using var c = await NodeMember.StartAsync(client, host.Servers, topic, topic);
        await Eventually(() => Shares(a, b, c) is [2, 2, 2]);
        await ProduceAsync(client, topic, 0, 300);
        await Eventually(() => Values(a, b, c).Distinct().Count() == 300);

        await b.CloseAsync();
        await Eventually(() => Shares(a, c) is [3, 3]);
        await ProduceAsync(client, topic, 300, 300);
        await Eventually(() => Values(a, b, c).Distinct().Count() == 600);

        await c.CrashAsync();
        await Eventually(() => a.Owned.Length == 6);
        await ProduceAsync(client, topic, 600, 300);
        await Eventually(() => Values(a, b, c).Distinct().Count() == 900);
        await a.CloseAsync();

        await ProduceAsync(client, topic, 900, 100);
        await using var later = await NodeMember.StartAsync(client, host.Servers, topic, topic);
        await Eventually(() => Values(later).Count >= 100);
        Assert.Equal(Enumerable.Range(900, 100), Values(later).Order());
        foreach (var member in (NodeMember[])[a, b, c, later])
        {
            Assert.All(member.Seen.GroupBy(seen => seen.Partition), partition => Assert.Equal(partition.Select(seen => seen.Offset).Order(), partition.Select(seen => seen.Offset)));
        }
    }

    [Theory]
    [InlineData("kafkajs")]
    [InlineData("platformatic")]
    public Task Topics_settings_and_groups_are_administered(string client) => NodeClients.RunAsync("admin.mjs", client, host.Servers, KafkaHost.NewTopic($"admin-{client}"));

    private Task ProduceAsync(string client, string topic, int first, int count) => NodeClients.RunAsync("produce.mjs", client, host.Servers, topic, $"{first}", $"{count}");

    private static int[] Shares(params NodeMember[] members) => [.. members.Select(member => member.Owned.Length)];

    private static List<int> Values(params NodeMember[] members) => [.. members.SelectMany(member => member.Seen).Select(seen => seen.Value)];
}
