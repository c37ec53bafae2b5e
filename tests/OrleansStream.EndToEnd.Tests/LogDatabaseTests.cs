using System.Diagnostics;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Producing;
using OrleansStream.TestServers;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>Real silos whose logs lie in two databases, one of which hangs: it answers nothing, and breaks off nothing.</summary>
[Collection(HungDatabaseCollection.Name)]
public sealed class LogDatabaseTests
{
    private const string Topic = "orders";
    private const int Partitions = 8;
    private const int Spread = 24;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_log_database_that_hangs_holds_up_its_own_partitions_and_nothing_else()
    {
        await using var cluster = await LogDatabaseCluster.StartAsync(2);
        await using var client = await OrleansStreamClient.ConnectAsync(cluster.Servers);
        var topic = await client.Admin.CreateTopicAsync(Topic, Partitions);
        await using var load = new PartitionLoad(client, Topic, Partitions);
        await load.WaitForAllAsync(Enumerable.Range(0, Partitions));
        var hung = await cluster.FindPartitionsAsync(topic.TopicId);
        var healthy = Enumerable.Range(0, Partitions).Where(partition => !hung.Contains(partition)).ToArray();
        Assert.Equal(Partitions / 2, hung.Count);

        // What a silo that joins shall have is a matter of the topic's number: of few partitions it may be none but those that hang.
        await client.Admin.CreateTopicAsync("spread", Spread);
        await using (var producer = client.CreateProducer(new ProducerOptions<string, string>()))
        {
            await Task.WhenAll(Enumerable.Range(0, Spread).Select(
                partition => producer.ProduceAsync(new ProducerRecord<string, string>("spread", null, "opened") { Partition = partition }).AsTask()));
        }

        // 1. It hangs for longer than anything waits.
        cluster.LogServer.Freeze();
        var report = new List<string>();
        load.Reset();
        await Task.Delay(TimeSpan.FromSeconds(20));
        report.Add($"slowest ack elsewhere while it hung: {load.Slowest(healthy).TotalMilliseconds:0} ms");
        Assert.True(load.Slowest(healthy) < TimeSpan.FromSeconds(3), report[^1]);

        // 2. Topics, groups, listings.
        await InTimeAsync(report, "a topic created and written to in the other database", async () =>
        {
            await client.Admin.CreateTopicAsync("others", 2);
            Assert.Equal(3, await client.Admin.ListTopicsAsync().CountAsync());
        });
        await InTimeAsync(report, "a member joined, read all that can be read and committed", async () =>
        {
            await using var consumer = client.CreateConsumer(new ConsumerOptions<string, string> { GroupId = "g", Topics = [Topic] });
            var unread = healthy.ToHashSet();
            await foreach (var record in consumer)
            {
                unread.Remove(record.Partition);
                if (unread.Count == 0)
                {
                    await consumer.CommitAsync();
                    break;
                }
            }
        });
        Assert.NotEmpty((await client.Admin.DescribeGroupAsync("g")).Offsets);

        // 3. A silo joins and gets its share of what can move.
        load.Reset();
        var joined = await cluster.Cluster.AddAsync();
        await UntilAsync(async () => await LedByAsync(client, joined.Name) >= healthy.Length / 3);
        report.Add($"slowest ack elsewhere while a silo joined: {load.Slowest(healthy).TotalMilliseconds:0} ms");
        Assert.True(load.Slowest(healthy) < TimeSpan.FromSeconds(3), report[^1]);

        // 4. A silo stops, by itself, and gives away what can move.
        load.Reset();
        await InTimeAsync(report, "a graceful stop", async () => Assert.True(await cluster.Cluster.Silos[0].TerminateAsync(TimeSpan.FromSeconds(60))), TimeSpan.FromSeconds(15));
        report.Add($"slowest ack elsewhere while a silo stopped: {load.Slowest(healthy).TotalMilliseconds:0} ms");
        Assert.True(load.Slowest(healthy) < TimeSpan.FromSeconds(3), report[^1]);

        // 5. It comes back.
        load.Reset();
        cluster.LogServer.Thaw();
        await InTimeAsync(report, "its partitions took writes again", () => load.WaitForAllAsync(hung), TimeSpan.FromSeconds(10));

        await load.StopAsync();
        Assert.Empty(await load.FindMissingAsync(client));
        Console.WriteLine(string.Join(Environment.NewLine, report));
    }

    [Fact]
    public async Task A_silo_that_stops_as_a_log_database_begins_to_hang_gives_away_what_can_move_and_ends_soon()
    {
        await using var cluster = await LogDatabaseCluster.StartAsync(2);
        await using var client = await OrleansStreamClient.ConnectAsync(cluster.Servers);
        var topic = await client.Admin.CreateTopicAsync(Topic, Partitions);
        await using var load = new PartitionLoad(client, Topic, Partitions);
        await load.WaitForAllAsync(Enumerable.Range(0, Partitions));
        var hung = await cluster.FindPartitionsAsync(topic.TopicId);
        var healthy = Enumerable.Range(0, Partitions).Where(partition => !hung.Contains(partition)).ToArray();
        var report = new List<string>();

        load.Reset();
        cluster.LogServer.Freeze();
        await InTimeAsync(report, "a graceful stop", async () => Assert.True(await cluster.Cluster.Silos[0].TerminateAsync(TimeSpan.FromSeconds(60))), TimeSpan.FromSeconds(15));
        report.Add($"slowest ack elsewhere while a silo stopped: {load.Slowest(healthy).TotalMilliseconds:0} ms");
        Console.WriteLine(string.Join(Environment.NewLine, report));
        Assert.True(load.Slowest(healthy) < TimeSpan.FromSeconds(3), report[^1]);

        cluster.LogServer.Thaw();
        await InTimeAsync(report, "its partitions took writes again", () => load.WaitForAllAsync(hung), TimeSpan.FromSeconds(10));
        await load.StopAsync();
        Console.WriteLine(report[^1]);
        Assert.Empty(await load.FindMissingAsync(client));
    }

    /// <summary>How many partitions of the topic a silo has open.</summary>
    private static async Task<int> LedByAsync(OrleansStreamClient client, string silo) =>
        (await client.Admin.SnapshotAsync()).Silos.Where(each => each.Name == silo).Sum(each => each.Report?.OpenPartitionCount ?? 0);

    private static async Task InTimeAsync(List<string> report, string what, Func<Task> action, TimeSpan? limit = null)
    {
        var start = Stopwatch.GetTimestamp();
        await action().WaitAsync(s_patience);
        var took = Stopwatch.GetElapsedTime(start);
        report.Add($"{what}: {took.TotalSeconds:0.0} s");
        Assert.True(took < (limit ?? TimeSpan.FromSeconds(10)), $"{what} took {took}.");
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(s_patience);
        while (!await condition())
        {
            await Task.Delay(100, timeout.Token);
        }
    }
}
