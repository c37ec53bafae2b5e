using System.Globalization;
using System.Text;
using OrleansStream.Client.Consuming;
using OrleansStream.Groups;

namespace OrleansStream.Kafka.Clients.Tests;

using Confluent.Kafka;

/// <summary>Confluent.Kafka's consumer groups: they share, take over, and go on where they stopped.</summary>
public sealed class GroupTests(KafkaHost host) : IClassFixture<KafkaHost>
{
    private const int Partitions = 6;

    [Fact]
    public async Task Three_members_share_a_topic_while_one_joins_one_leaves_and_one_crashes()
    {
        var topic = await host.CreateTopicAsync("shared", Partitions);
        await using var a = new GroupMember(host, topic, topic);
        await using var b = new GroupMember(host, topic, topic);
        await Eventually(() => a.Owned.Length == 3 && b.Owned.Length == 3);
        await using var c = new GroupMember(host, topic, topic);
        await Eventually(() => Shares(a, b, c) is [2, 2, 2]);
        Produce(topic, 0, 300);
        await Eventually(() => Values(a, b, c).Count >= 300);

        await b.CloseAsync();
        await Eventually(() => Shares(a, c) is [3, 3]);
        Produce(topic, 300, 300);
        await Eventually(() => Values(a, b, c).Count >= 600);

        await c.CrashAsync();
        await Eventually(() => a.Owned.Length == Partitions);
        Produce(topic, 600, 300);
        await Eventually(() => Values(a, b, c).Distinct().Count() == 900);

        Assert.Equal(Enumerable.Range(0, 900), Values(a, b, c).Distinct().Order());
        foreach (var member in (GroupMember[])[a, b, c])
        {
            Assert.Null(member.Fatal);
            Assert.All(member.Seen.GroupBy(seen => seen.At.TopicPartition), partition => Assert.Equal(partition.Select(seen => seen.At.Offset.Value).Order(), partition.Select(seen => seen.At.Offset.Value)));
        }
    }

    [Fact]
    public async Task A_static_members_restart_disturbs_nobody_and_its_twin_is_fenced()
    {
        var topic = await host.CreateTopicAsync("static", 4);
        await using var a = new GroupMember(host, topic, topic, config => config.GroupInstanceId = "a");
        var b = new GroupMember(host, topic, topic, config => config.GroupInstanceId = "b");
        await Eventually(() => Shares(a, b) is [2, 2]);
        var (revoked, had) = (a.Revocations, b.Owned);

        await b.CrashAsync();
        await using var next = new GroupMember(host, topic, topic, config => config.GroupInstanceId = "b");
        await Eventually(() => next.Owned.Length == 2);
        Assert.Equal((revoked, had), (a.Revocations, next.Owned), (x, y) => x.Item1 == y.Item1 && x.Item2.SequenceEqual(y.Item2));

        await using var twin = new GroupMember(host, topic, topic, config => config.GroupInstanceId = "b");
        await Eventually(() => next.Fatal is not null);
        Assert.Equal(ErrorCode.FencedInstanceId, next.Fatal!.Code);
        Assert.Equal(revoked, a.Revocations);
    }

    [Fact]
    public async Task With_the_cooperative_assignor_a_member_gives_up_only_what_moves()
    {
        var topic = await host.CreateTopicAsync("cooperative", 4);
        static void Cooperative(ConsumerConfig config) => config.PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky;
        await using var a = new GroupMember(host, topic, topic, Cooperative);
        await Eventually(() => a.Owned.Length == 4);

        await using var b = new GroupMember(host, topic, topic, Cooperative);
        await Eventually(() => Shares(a, b) is [2, 2]);

        Assert.Equal(2, a.Revocations);
        await b.CloseAsync();
        await Eventually(() => a.Owned.Length == 4);
        Assert.Equal(2, a.Revocations);
    }

    [Fact]
    public async Task A_group_goes_on_where_it_stopped_and_its_members_outlive_a_restart_of_the_silo()
    {
        var topic = await host.CreateTopicAsync("restart", 2);
        Produce(topic, 0, 100);
        await using (var first = new GroupMember(host, topic, topic))
        {
            await Eventually(() => first.Seen.Count == 100);
        }

        Produce(topic, 100, 100);
        await using var second = new GroupMember(host, topic, topic, config => config.SessionTimeoutMs = 20_000);
        await Eventually(() => second.Seen.Count == 100);
        Assert.Equal(Enumerable.Range(100, 100), Values(second).Order());
        var memberId = second.MemberId;

        await host.RestartAsync();
        Produce(topic, 200, 100);
        await Eventually(() => second.Seen.Count >= 200);

        Assert.Equal(Enumerable.Range(100, 200), Values(second).Distinct().Order());
        Assert.Equal(memberId, second.MemberId);
        Assert.Null(second.Fatal);
    }

    [Fact]
    public async Task Commits_go_with_metadata_and_are_refused_from_outside_while_there_are_members()
    {
        var topic = await host.CreateTopicAsync("commits", 1);
        Produce(topic, 0, 10);
        using var outside = host.CreateConsumer(config => config.GroupId = topic);
        outside.Commit([new TopicPartitionOffset(topic, 0, 4)]);
        Assert.Equal(4, outside.Committed([new TopicPartition(topic, 0)], TimeSpan.FromSeconds(10))[0].Offset.Value);

        await using var member = new GroupMember(host, topic, topic, config => config.EnableAutoCommit = false);
        await Eventually(() => member.Seen.Count == 6);
        Assert.Equal(4, member.Seen.First().At.Offset.Value);
        var refused = Assert.Throws<KafkaException>(() => outside.Commit([new TopicPartitionOffset(topic, 0, 0)]));

        Assert.Equal(ErrorCode.UnknownMemberId, refused.Error.Code);
        Assert.Equal(4, outside.Committed([new TopicPartition(topic, 0)], TimeSpan.FromSeconds(10))[0].Offset.Value);
    }

    [Fact]
    public async Task Members_of_the_sdk_and_of_kafka_take_turns_and_continue_each_others_offsets()
    {
        var topic = await host.CreateTopicAsync("turns", 2);
        Produce(topic, 0, 20);
        await using (var kafka = new GroupMember(host, topic, topic))
        {
            await Eventually(() => kafka.Seen.Count == 20);
            var seen = await host.CommittedAsync(topic, 20);
            Assert.Equal((GroupKind.Classic, GroupState.Stable), (seen.Kind, seen.State));
            Assert.Equal((kafka.MemberId, "tests", 2), (seen.Members[0].MemberId, seen.Members[0].ClientId, seen.Members[0].Assignment.Length));
        }

        Produce(topic, 20, 20);
        var read = new List<int>();
        await using (var consumer = host.Sdk.CreateConsumer(new ConsumerOptions<byte[], string> { GroupId = topic, Topics = [topic], EnableAutoCommit = false }))
        {
            await foreach (var record in consumer.WithCancellation(new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token))
            {
                read.Add(int.Parse(record.Value!, CultureInfo.InvariantCulture));
                await consumer.CommitAsync(record);
                if (read.Count == 20)
                {
                    break;
                }
            }
        }

        Assert.Equal(Enumerable.Range(20, 20), read.Order());
        Produce(topic, 40, 20);
        await using var again = new GroupMember(host, topic, topic);
        await Eventually(() => again.Seen.Count >= 20);
        Assert.Equal(Enumerable.Range(40, 20), Values(again).Order());
    }

    private void Produce(string topic, int first, int count)
    {
        using var producer = host.CreateProducer();
        for (var number = first; number < first + count; number++)
        {
            var value = Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));
            producer.Produce(topic, new Message<byte[]?, byte[]?> { Key = value, Value = value });
        }

        Assert.Equal(0, producer.Flush(TimeSpan.FromSeconds(20)));
    }

    private static int[] Shares(params GroupMember[] members) => [.. members.Select(member => member.Owned.Length)];

    private static List<int> Values(params GroupMember[] members) =>
        [.. members.SelectMany(member => member.Seen).Select(seen => int.Parse(seen.Value, CultureInfo.InvariantCulture))];

    /// <param name="holds">What is waited for.</param>
    /// <param name="state">Says how far things are, for when it does not come to pass.</param>
    /// <param name="what">The same in words.</param>
    internal static async Task Eventually(
        Func<bool> holds, Func<string>? state = null, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(holds))] string what = "")
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (!holds())
        {
            Assert.False(enough.IsCancellationRequested, enough.IsCancellationRequested ? $"It did not come to pass: {what}\n{state?.Invoke()}" : null);
            await Task.Delay(20);
        }
    }
}
