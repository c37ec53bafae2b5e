using System.Diagnostics;
using System.Globalization;
using OrleansStream.Client;
using OrleansStream.Placement;

namespace OrleansStream.Benchmarks.Moves;

/// <summary>
/// What clients notice when a silo joins, stops and is killed, over several rounds, on the cluster that <c>./dev cluster up</c>
/// started. The last silo is the one that comes and goes.
/// </summary>
internal sealed class MoveBenchmark(string servers, int silo, int partitions, TextWriter output)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, List<double>> _figures = [];

    public async Task RunAsync(int rounds)
    {
        await using var client = await OrleansStreamClient.ConnectAsync(servers);
        var topic = $"moves-{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}";
        await client.Admin.CreateTopicAsync(topic, partitions);
        var load = new PacedLoad(client, topic, partitions);
        using var patience = new CancellationTokenSource(s_patience);
        await load.WhenAllAcknowledgeAsync(patience.Token);
        for (var round = 0; round < rounds; round++)
        {
            await JoinAsync(client, load);
            await MeasureAsync("stop: s to the even map", () => ClusterAsync("stop"), () => EvenAsync(client), client, load, "stop");
            await JoinAsync(client, load);
            await MeasureAsync("kill: s until every partition acks", () => ClusterAsync("kill"), () => AcksAsync(load), client, load, "kill");
            await ForgottenAsync(client);
        }

        output.WriteLine($"{"",-56}{"min",10}{"median",10}{"max",10}   ({rounds} rounds)");
        foreach (var (name, values) in _figures)
        {
            values.Sort();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{name,-56}{values[0],10:0.00}{values[values.Count / 2],10:0.00}{values[^1],10:0.00}"));
        }

        output.WriteLine($"{load.Acknowledged} records acknowledged, {load.Failed} failed, {load.Read} read so far");
        foreach (var reason in await client.Admin.ListMovesAsync().GroupBy(move => move.Reason).ToListAsync())
        {
            var away = reason.Select(move => move.Unavailable.TotalMilliseconds).Order().ToList();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{reason.Key}: {away.Count} moves, away {away[0]:0} / {away[away.Count / 2]:0} / {away[^1]:0} ms (min / median / max)"));
        }

        // Its own partitions are what the next run counts.
        await load.DisposeAsync();
        await client.Admin.DeleteTopicAsync(topic);
    }

    private Task JoinAsync(OrleansStreamClient client, PacedLoad load) =>
        MeasureAsync("join: s from ready to the even map", null, () => EvenAsync(client), client, load, "join", () => ClusterAsync("start"));

    private async Task MeasureAsync(
        string name, Func<Task>? act, Func<Task> reached, OrleansStreamClient client, PacedLoad load, string change, Func<Task>? before = null)
    {
        load.TakeSlowAcks();
        var began = TimeProvider.System.GetUtcNow();
        await (before?.Invoke() ?? Task.CompletedTask);
        var start = Stopwatch.GetTimestamp();
        var acting = act?.Invoke() ?? Task.CompletedTask;
        await reached();
        Note(name, Stopwatch.GetElapsedTime(start).TotalSeconds);
        await acting;
        using var patience = new CancellationTokenSource(s_patience);
        await load.WhenAllAcknowledgeAsync(patience.Token);
        var slow = load.TakeSlowAcks();
        Note($"{change}: longest ack, ms", slow.Max(Longest));
        var moves = await client.Admin.ListMovesAsync().TakeWhile(move => move.MovedAt >= began).ToListAsync();
        Note(
            $"{change}: longest ack of a partition as it moved, ms",
            moves.Select(move => Longest(slow[move.Partition.Partition].Where(ack => Overlap(ack, move)))).DefaultIfEmpty().Max());
    }

    /// <summary>The record was under way when the partition was.</summary>
    private static bool Overlap(PacedLoad.Ack ack, PartitionMove move) => ack.Sent <= move.MovedAt && ack.Sent + ack.Took >= move.MovedAt - move.Unavailable;

    private static double Longest(IEnumerable<PacedLoad.Ack> acks) => acks.Select(ack => ack.Took.TotalMilliseconds).DefaultIfEmpty().Max();

    private void Note(string name, double value)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {value:0.00}"));
        (_figures.TryGetValue(name, out var values) ? values : _figures[name] = []).Add(value);
    }

    private static async Task AcksAsync(PacedLoad load)
    {
        // What was in flight when the silo died does not count.
        await Task.Delay(20);
        using var patience = new CancellationTokenSource(s_patience);
        await load.WhenAllAcknowledgeAsync(patience.Token);
    }

    /// <summary>Every silo that takes partitions has its share of them, and nobody else has any.</summary>
    private async Task EvenAsync(OrleansStreamClient client)
    {
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < s_patience; await Task.Delay(20))
        {
            var silos = (await client.Admin.DescribePlacementAsync(0)).Silos;
            var owners = silos.Where(described => described.TakesPartitions).ToList();
            if (silos.Sum(described => described.OpenPartitionCount) == partitions
                && owners.TrueForAll(owner => owner.OpenPartitionCount >= partitions / owners.Count && owner.OpenPartitionCount <= (partitions + owners.Count - 1) / owners.Count))
            {
                return;
            }
        }

        throw new TimeoutException("The map did not become even.");
    }

    /// <summary>The killed silo is no longer a member.</summary>
    private async Task ForgottenAsync(OrleansStreamClient client)
    {
        while ((await client.Admin.DescribePlacementAsync(0)).Silos.Length >= silo)
        {
            await Task.Delay(100);
        }
    }

    private async Task ClusterAsync(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("./dev", ["cluster", command, silo.ToString(CultureInfo.InvariantCulture)]))!;
        await process.WaitForExitAsync();
    }
}
