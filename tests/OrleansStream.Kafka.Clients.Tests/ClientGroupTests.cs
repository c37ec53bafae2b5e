using static OrleansStream.Kafka.Clients.Tests.GroupTests;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>Clients in processes of their own share a topic as groups of three, and go on where they stopped.</summary>
public sealed class ClientGroupTests(KafkaHost host) : IClassFixture<KafkaHost>
{
    [Theory]
    [InlineData("kafkajs")]
    [InlineData("platformatic")]
    [InlineData("kcat")]
    public async Task Three_members_share_a_topic_while_one_joins_one_leaves_and_one_crashes_and_a_later_one_goes_on(string client)
    {
        var topic = await host.CreateTopicAsync(client, 6);
        await using var a = await MemberProcess.StartAsync(client, host.Servers, topic, topic);
        await using var b = await MemberProcess.StartAsync(client, host.Servers, topic, topic);
        await Eventually(() => Shares(a, b) is [3, 3]);
        await using var c = await MemberProcess.StartAsync(client, host.Servers, topic, topic);
        await Eventually(() => Shares(a, b, c) is [2, 2, 2]);
        await ProduceAsync(client, topic, 0, 300);
        await Eventually(() => Values(a, b, c).Distinct().Count() == 300);

        await b.LeaveAsync();
        await Eventually(() => Shares(a, c) is [3, 3]);
        await ProduceAsync(client, topic, 300, 300);
        await Eventually(() => Values(a, b, c).Distinct().Count() == 600);

        await c.CrashAsync();
        await Eventually(() => a.Owned.Length == 6);
        await ProduceAsync(client, topic, 600, 300);
        await Eventually(() => Values(a, b, c).Distinct().Count() == 900);

        // What is being committed while they leave, not all clients wait for.
        await host.CommittedAsync(topic, 900);
        await a.LeaveAsync();

        await ProduceAsync(client, topic, 900, 100);
        await using var later = await MemberProcess.StartAsync(client, host.Servers, topic, topic);
        await Eventually(() => Values(later).Count >= 100);
        Assert.Equal(Enumerable.Range(900, 100), Values(later).Order());
        foreach (var member in (MemberProcess[])[a, b, c, later])
        {
            Assert.All(member.Seen.GroupBy(seen => seen.Partition), partition => Assert.Equal(partition.Select(seen => seen.Offset).Order(), partition.Select(seen => seen.Offset)));
        }

        // kcat ends itself when no silo is left.
        if (client == "kcat")
        {
            return;
        }

        await host.RestartAsync();
        await ProduceAsync(client, topic, 1000, 100);
        await Eventually(() => Values(later).Distinct().Count() == 200, () => string.Join('\n', later.Words));
        Assert.Equal(Enumerable.Range(900, 200), Values(later).Distinct().Order());
    }

    /// <summary>Idempotently, each number as key and value, compressed.</summary>
    private Task ProduceAsync(string client, string topic, int first, int count) => client != "kcat"
        ? NodeClients.RunAsync("produce.mjs", client, host.Servers, topic, $"{first}", $"{count}")
        : Kcat.RunAsync(
            host.Servers,
            string.Concat(Enumerable.Range(first, count).Select(number => $"{number}:{number}\n")),
            "-P", "-t", topic, "-K", ":", "-H", "of=tests", "-z", "gzip", "-X", "enable.idempotence=true");

    private static int[] Shares(params MemberProcess[] members) => [.. members.Select(member => member.Owned.Length)];

    private static List<int> Values(params MemberProcess[] members) => [.. members.SelectMany(member => member.Seen).Select(seen => seen.Value)];
}
