using System.Diagnostics;
using OrleansStream.Grains;
using OrleansStream.Placement;
using Xunit.Abstractions;

namespace OrleansStream.Server.Tests.Placement;

/// <summary>Partitions of a topic that is written and read all the time, while silos come and go and people decide.</summary>
public sealed class ClusterPlacementTests(ITestOutputHelper output)
{
    private const int Partitions = 12;

    [Fact]
    public async Task Silos_come_and_go_under_load_and_nobody_notices()
    {
        await using var cluster = await SiloCluster.StartAsync(silos: 2);
        var topic = await cluster.Client.Admin.CreateTopicAsync("t", Partitions);
        await using var load = await SteadyLoad.StartAsync(cluster.Client, "t", Partitions);
        await ReachAsync("two silos", () => cluster.CountOpen(topic.TopicId), [6, 6], load);

        var third = await cluster.AddSiloAsync();
        await ReachAsync("a silo joined", () => cluster.CountOpen(topic.TopicId), [4, 4, 4], load);

        // It has rehearsed before it was given any, once, and left nothing behind.
        Assert.Single(cluster.Log, line => line.Contains(third.Name, StringComparison.Ordinal) && line.Contains("Rehearsed", StringComparison.Ordinal));
        Assert.Equal(Partitions, await cluster.Logs.ListAsync(default).CountAsync());

        // The moves are told of a moment after they are done; a silo that stops within that moment may take the telling with it.
        await ReadMovesAsync(cluster, 4);
        await cluster.StopAsync(third);
        await ReachAsync("a silo stopped", () => cluster.CountOpen(topic.TopicId), [6, 6], load);

        await CheckAsync(load);
        var moves = await ReadMovesAsync(cluster, 8);
        Assert.Equal(4, moves.Count(move => move.Reason == MoveReason.Joined && move.To == third.Address));
        Assert.Equal(4, moves.Count(move => move.Reason == MoveReason.Left && move.From == third.Address));
    }

    [Fact]
    public async Task A_silo_whose_rehearsal_fails_is_given_partitions_all_the_same()
    {
        await using var cluster = await SiloCluster.StartAsync(silos: 1, wrap: logs => new RefusingLogStore(logs));
        var topic = await cluster.Client.Admin.CreateTopicAsync("t", Partitions);
        await using var load = await SteadyLoad.StartAsync(cluster.Client, "t", Partitions);
        await ReachAsync("one silo", () => cluster.CountOpen(topic.TopicId), [12], load);

        await cluster.AddSiloAsync();

        await ReachAsync("a silo joined", () => cluster.CountOpen(topic.TopicId), [6, 6], load);
        Assert.Single(cluster.Log, line => line.Contains("could not be rehearsed", StringComparison.Ordinal));
        await CheckAsync(load);
    }

    [Fact]
    public async Task What_people_decide_is_done_at_once_and_recorded()
    {
        await using var cluster = await SiloCluster.StartAsync(silos: 3, clientKnows: 3);
        var topic = await cluster.Client.Admin.CreateTopicAsync("t", Partitions);
        await using var load = await SteadyLoad.StartAsync(cluster.Client, "t", Partitions);
        await ReachAsync("three silos", () => cluster.CountOpen(topic.TopicId), [4, 4, 4], load);
        var grain = cluster.Silos[0].Get<IGrainFactory>().GetGrain<IClusterGrain>(0);
        var last = cluster.Silos[2];

        await grain.DrainAsync(last.Name);
        await ReachAsync("drained", () => cluster.CountOpen(topic.TopicId), [6, 6, 0], load);
        await grain.UndrainAsync(last.Address);
        await ReachAsync("undrained", () => cluster.CountOpen(topic.TopicId), [4, 4, 4], load);
        var elsewhere = cluster.Silos[0].Table.All().First().Id;
        await grain.PinAsync("t", elsewhere.Partition, last.Gateway);
        await ReachAsync("pinned", () => [last.Table.TryFind(elsewhere, out _) ? 1 : 0, .. cluster.CountOpen(topic.TopicId)], [1, 4, 4, 4], load);
        var described = await grain.DescribePlacementAsync(limit: 3);
        await grain.UnpinAsync("t", elsewhere.Partition);
        await ReachAsync("unpinned", () => [last.Table.TryFind(elsewhere, out _) ? 1 : 0, .. cluster.CountOpen(topic.TopicId)], [0, 4, 4, 4], load);

        await CheckAsync(load);
        await ReadMovesAsync(cluster, 12);
        var moves = await grain.ListMovesAsync(null, 1000);

        // A silo that was still settling after the third one's start tells of that, and not of the decision that came meanwhile.
        Assert.Equal([4, 4, 2, 2], new[] { MoveReason.Drained, MoveReason.Undrained, MoveReason.Pinned, MoveReason.Unpinned }
            .Select(reason => moves.Count(move => (move.Reason == MoveReason.Joined ? MoveReason.Undrained : move.Reason) == reason)));
        Assert.All(moves, move => Assert.Equal("t", move.Topic));
        Assert.Equal([new PinnedPartition(elsewhere, last.Address, "t")], described.Pins);
        Assert.All(described.Silos, silo => Assert.Equal((true, 4, 3), (silo.TakesPartitions, silo.OpenPartitionCount, silo.Partitions.Length)));
    }

    [Fact]
    public async Task What_cannot_be_decided_is_refused_with_the_reason()
    {
        await using var cluster = await SiloCluster.StartAsync(silos: 1);
        await cluster.Client.Admin.CreateTopicAsync("t", 2);
        var grain = cluster.Silos[0].Get<IGrainFactory>().GetGrain<IClusterGrain>(0);

        await RefusedAsync(ErrorCode.UnknownTopicOrPartition, () => grain.PinAsync("u", 0, "silo-1"));
        await RefusedAsync(ErrorCode.UnknownTopicOrPartition, () => grain.PinAsync("t", 2, "silo-1"));
        await RefusedAsync(ErrorCode.InvalidRequest, () => grain.PinAsync("t", 0, "silo-9"));
        await RefusedAsync(ErrorCode.InvalidRequest, () => grain.UnpinAsync("t", 0));
        await RefusedAsync(ErrorCode.InvalidRequest, () => grain.DrainAsync("silo-9"));
        await RefusedAsync(ErrorCode.InvalidRequest, () => grain.UndrainAsync("silo-1"));
        await RefusedAsync(ErrorCode.InvalidRequest, () => grain.DescribePlacementAsync(-1));
        await RefusedAsync(ErrorCode.InvalidRequest, () => grain.ListMovesAsync(null, 0));
    }

    private static async Task RefusedAsync(ErrorCode error, Func<Task> call) =>
        Assert.Equal(error, (await Assert.ThrowsAsync<OrleansStreamException>(call)).ErrorCode);

    private async Task ReachAsync(string what, Func<int[]> count, int[] wanted, SteadyLoad load)
    {
        var start = Stopwatch.GetTimestamp();
        while (!count().SequenceEqual(wanted) && Stopwatch.GetElapsedTime(start) < TestTime.Limit && load.Failures.Count == 0)
        {
            await Task.Delay(10);
        }

        output.WriteLine($"{what}: [{string.Join(", ", count())}] after {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms");
        Assert.Equal(wanted, count());

        // One more record to every partition, so that the longest ack is of this step.
        await Task.Delay(100);
        output.WriteLine($"  longest ack {load.TakeLongestAck():0} ms");
    }

    /// <summary>Waits for the history, which is written after a partition is open again.</summary>
    private async Task<IReadOnlyList<PartitionMove>> ReadMovesAsync(SiloCluster cluster, int count)
    {
        var start = Stopwatch.GetTimestamp();
        IReadOnlyList<PartitionMove> moves;
        while ((moves = await cluster.Placement.ListMovesAsync(null, 1000, default)).Count < count && Stopwatch.GetElapsedTime(start) < TestTime.Limit)
        {
            await Task.Delay(20);
        }

        foreach (var line in cluster.Log)
        {
            output.WriteLine(line);
        }

        foreach (var reason in moves.GroupBy(move => move.Reason))
        {
            output.WriteLine($"{reason.Key}: {reason.Count()} moves, away {reason.Min(move => move.Unavailable.TotalMilliseconds):0} to {reason.Max(move => move.Unavailable.TotalMilliseconds):0} ms");
        }

        Assert.Equal(count, moves.Count);
        return moves;
    }

    private async Task CheckAsync(SteadyLoad load)
    {
        var (acknowledged, read) = await load.FinishAsync();

        output.WriteLine($"{acknowledged} records");
        Assert.Empty(load.Failures);
        Assert.Equal(Partitions, read.Count);
        Assert.All(read.Values, values => Assert.Equal(Enumerable.Range(0, values.Count).Select(n => (long)n), values));
        Assert.Equal(acknowledged, read.Values.Sum(values => values.Count));
    }
}
