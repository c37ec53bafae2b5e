using System.Diagnostics;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;
using OrleansStream.Grains;
using OrleansStream.TestServers;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>Real silos whose cluster's database hangs, while their logs lie in another one: it answers nothing, and breaks off nothing.</summary>
[Collection(HungDatabaseCollection.Name)]
public sealed class ClusterDatabaseTests : IAsyncLifetime
{
    private const string Topic = "orders";
    private const int Partitions = 8;

    private static readonly TimeSpan s_hang = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly List<string> _report = [];
    private PostgresServer _server = null!;
    private TestDatabase _logs = null!;
    private SiloCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgresServer.StartNewAsync();
        _logs = await TestDatabase.CreateAsync();
        _cluster = await SiloCluster.StartOnAsync(
            await _server.CreateDatabaseAsync("cluster"), 2, $"--OrleansStream:Postgres:Logs:logs:ConnectionString={_logs.ConnectionString}");
    }

    public async Task DisposeAsync()
    {
        Console.WriteLine(string.Join(Environment.NewLine, _report));
        await _cluster.DisposeAsync();
        await _logs.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Open_partitions_take_and_give_records_as_ever_and_what_needs_it_is_refused_within_seconds_until_it_is_back()
    {
        await using var client = await OrleansStreamClient.ConnectAsync(string.Join(',', _cluster.Silos.Select(silo => silo.Gateway)));
        await client.Admin.CreateTopicAsync(Topic, Partitions);
        await using var load = new PartitionLoad(client, Topic, Partitions);
        await using var consumer = client.CreateConsumer(new ConsumerOptions<string, string> { GroupId = "g", EnableAutoCommit = false });
        await consumer.AssignAsync(Enumerable.Range(0, Partitions).Select(partition => new TopicPartitionOffset(new TopicPartition(Topic, partition), Offset.Zero)));
        using var stop = new CancellationTokenSource();
        var gap = new LongestGap();
        var consuming = ConsumeAsync(consumer, gap, stop.Token);
        await load.WaitForAllAsync(Enumerable.Range(0, Partitions));
        await consumer.CommitAsync();
        var before = await client.Admin.DescribeClusterAsync();

        // 1. It hangs. The first to ask find out, and later ones are told.
        _server.Freeze();
        var start = Stopwatch.GetTimestamp();
        load.Reset();
        gap.Reset();
        await Task.WhenAll(
            RefusedAsync("a creation, at first", () => client.Admin.CreateTopicAsync("early", 1)),
            RefusedAsync("a commit, at first", () => consumer.CommitAsync()));
        await RefusedAsync("a creation, later", () => client.Admin.CreateTopicAsync("late", 1));
        await RefusedAsync("a commit, later", () => consumer.CommitAsync());
        foreach (var silo in _cluster.Silos)
        {
            Assert.False(await silo.IsReadyAsync(CancellationToken.None));
        }

        var left = s_hang - Stopwatch.GetElapsedTime(start);
        await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        var (slowestAck, longestGap) = (load.Slowest(Enumerable.Range(0, Partitions)), gap.Longest);
        _report.Add($"slowest ack while it hung: {slowestAck.TotalMilliseconds:0} ms; longest time without a record: {longestGap.TotalMilliseconds:0} ms");

        // 2. It is back.
        _server.Thaw();
        var back = Stopwatch.GetTimestamp();
        await client.Admin.CreateTopicAsync("after", 1);
        await consumer.CommitAsync();
        var recovered = Stopwatch.GetElapsedTime(back);
        _report.Add($"a topic created and offsets committed after it was back: {recovered.TotalSeconds:0.0} s");

        // 3. Nobody died of it, neither then nor soon after.
        load.Reset();
        await Task.Delay(TimeSpan.FromSeconds(5));
        await load.WaitForAllAsync(Enumerable.Range(0, Partitions));
        var after = await client.Admin.DescribeClusterAsync();
        Assert.Equal(Describe(before), Describe(after));
        Assert.All(_cluster.Silos, silo => Assert.True(silo.IsRunning));
        Assert.Empty(await client.Admin.ListMovesAsync().ToListAsync());
        await load.StopAsync();
        await stop.CancelAsync();
        await consuming;
        Assert.Empty(await load.FindMissingAsync(client));

        // Whatever waits for the database waits for four seconds and more.
        Assert.True(slowestAck < TimeSpan.FromSeconds(3), _report[^2]);
        Assert.True(longestGap < TimeSpan.FromSeconds(3), _report[^2]);
        Assert.True(recovered < TimeSpan.FromSeconds(10), _report[^1]);
    }

    [Fact]
    public async Task A_silo_that_stops_while_it_hangs_ends_and_its_partitions_go_on_at_the_other_one_when_it_is_back()
    {
        await using var client = await OrleansStreamClient.ConnectAsync(_cluster.Silos[1].Gateway);
        await client.Admin.CreateTopicAsync(Topic, Partitions);
        await using var load = new PartitionLoad(client, Topic, Partitions);
        await load.WaitForAllAsync(Enumerable.Range(0, Partitions));

        _server.Freeze();
        var start = Stopwatch.GetTimestamp();
        var ended = await _cluster.Silos[0].TerminateAsync(s_patience);
        var took = Stopwatch.GetElapsedTime(start);
        _report.Add($"a graceful stop while it hung: {took.TotalSeconds:0.0} s");
        _server.Thaw();
        start = Stopwatch.GetTimestamp();
        await load.WaitForAllAsync(Enumerable.Range(0, Partitions));
        var recovered = Stopwatch.GetElapsedTime(start);
        _report.Add($"every partition took writes after it was back: {recovered.TotalSeconds:0.0} s");

        await load.StopAsync();
        Assert.Empty(await load.FindMissingAsync(client));
        Assert.True(ended, "The silo had to be killed.");
        Assert.True(took < TimeSpan.FromSeconds(20), _report[^2] + await File.ReadAllTextAsync(_cluster.Silos[0].LogPath));
        Assert.True(recovered < TimeSpan.FromSeconds(10), _report[^1]);
    }

    [Fact]
    public async Task A_silo_that_was_away_for_a_moment_while_it_hung_is_not_declared_dead_for_it_when_it_is_back()
    {
        await using var client = await OrleansStreamClient.ConnectAsync(_cluster.Silos[0].Gateway);
        var before = await client.Admin.DescribeClusterAsync();

        _server.Freeze();
        await Task.Delay(TimeSpan.FromSeconds(5));
        _cluster.Silos[1].Freeze();
        await Task.Delay(TimeSpan.FromSeconds(6));
        _cluster.Silos[1].Thaw();
        await Task.Delay(TimeSpan.FromSeconds(3));
        _server.Thaw();

        // Longer than Orleans pauses between tries to tell the table after so short a silence.
        await Task.Delay(TimeSpan.FromSeconds(20));
        var after = await client.Admin.DescribeClusterAsync();
        Assert.Equal(Describe(before), Describe(after));
        Assert.All(_cluster.Silos, silo => Assert.True(silo.IsRunning));
    }

    /// <summary>Does something that needs the database: it has to be refused, for a reason that somebody can act upon, within seconds.</summary>
    private async Task RefusedAsync(string what, Func<Task> action)
    {
        var start = Stopwatch.GetTimestamp();
        var refusal = await Assert.ThrowsAsync<OrleansStreamException>(() => action().WaitAsync(s_patience));
        var took = Stopwatch.GetElapsedTime(start);
        _report.Add($"{what}: refused after {took.TotalSeconds:0.0} s: {refusal.Message}");
        Assert.True(refusal.IsRetriable);
        Assert.True(took < TimeSpan.FromSeconds(10), _report[^1]);
    }

    private static IEnumerable<(string Name, string Status, DateTimeOffset StartedAt)> Describe(ClusterDescription cluster) =>
        cluster.Silos.Select(silo => (silo.Name, silo.Status, silo.StartedAt)).OrderBy(silo => silo.Name, StringComparer.Ordinal);

    private static async Task ConsumeAsync(IConsumer<string, string> consumer, LongestGap gap, CancellationToken stop)
    {
        try
        {
            await foreach (var _ in consumer.WithCancellation(stop))
            {
                gap.Note();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private sealed class LongestGap
    {
        private readonly Lock _gate = new();
        private long _last = Stopwatch.GetTimestamp();
        private TimeSpan _longest;

        public TimeSpan Longest
        {
            get
            {
                lock (_gate)
                {
                    return Later();
                }
            }
        }

        public void Note()
        {
            lock (_gate)
            {
                _longest = Later();
                _last = Stopwatch.GetTimestamp();
            }
        }

        public void Reset()
        {
            lock (_gate)
            {
                (_longest, _last) = (TimeSpan.Zero, Stopwatch.GetTimestamp());
            }
        }

        private TimeSpan Later() => Stopwatch.GetElapsedTime(_last) is var since && since > _longest ? since : _longest;
    }
}
