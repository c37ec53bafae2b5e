using System.Diagnostics;
using System.Globalization;
using OrleansStream.Benchmarks.Peers.Results;

namespace OrleansStream.Benchmarks.Scale;

/// <summary>
/// Whether more silos, or more databases, do more: each gets the same small share of CPU, so that a machine with few cores can
/// tell. What is not under test is not limited; its part of the CPU is printed, to show that it was not what held things up.
/// </summary>
/// <remarks>
/// The clusters of all sizes are there at once and are measured by turns, for seconds each, since a machine's speed may change by
/// half from one minute to the next: what is told of a step is the median of what the turns say of it, each for itself. Those whose turn it is not have no load. A silo has the same number of partitions whatever their number, so that it has as many batches to put into a transaction: a topic
/// spread thinner over more silos has smaller ones, which cost more for each record.
/// </remarks>
internal sealed class ScaleBenchmark(double share, int partitions, int batchBytes, TimeSpan warmUp, TextWriter output)
{
    private const int SilosForDatabases = 2;

    /// <summary>How long a cluster runs with its small share before the turns begin; what deals with lateness is used for the first time then.</summary>
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(10);

    /// <summary>How long it has its load before its part of a turn is measured.</summary>
    private static readonly TimeSpan s_rampUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_measure = TimeSpan.FromSeconds(5);

    public Task SilosAsync(int rounds) => RunAsync("silos", [1, 2, 4], rounds, number => ScaleCluster.StartAsync(number, 0), cluster => cluster.SiloLimits, cluster => cluster.LogLimits);

    public Task DatabasesAsync(int rounds) =>
        RunAsync("databases", [1, 2], rounds, number => ScaleCluster.StartAsync(SilosForDatabases, number), cluster => cluster.LogLimits, cluster => cluster.SiloLimits);

    private async Task RunAsync(
        string what, int[] sizes, int rounds, Func<int, Task<ScaleCluster>> start, Func<ScaleCluster, IReadOnlyList<CpuLimit>> limited, Func<ScaleCluster, IReadOnlyList<CpuLimit>> others)
    {
        Say($"{share:P0} of a processor for each of the {what}; {partitions} partitions for each silo in each database, {ScaleLoad.Producers} producers, values of {ScaleLoad.ValueBytes} B, batches up to {batchBytes / 1024} KiB, {Environment.ProcessorCount} processors");
        List<Contender> contenders = [];
        try
        {
            foreach (var size in sizes)
            {
                var cluster = await start(size);
                var all = partitions * cluster.SiloLimits.Count * cluster.LogLimits.Count;
                contenders.Add(new(size, cluster, new ScaleLoad(cluster.Client, batchBytes, all), limited(cluster), others(cluster)));
                await cluster.Client.Admin.CreateTopicAsync(ScaleLoad.Topic, all);
            }

            foreach (var contender in contenders)
            {
                await WarmUpAsync(contender);
            }

            for (var round = 1; round <= rounds; round++)
            {
                foreach (var contender in contenders)
                {
                    contender.Turns.Add(await MeasureAsync(contender));
                }

                Say($"turn {round}: {string.Join(", ", contenders.Select(contender => string.Create(CultureInfo.InvariantCulture, $"{contender.Turns[^1].Rate / 1e6:0.0}")))} MB/s");
            }
        }
        finally
        {
            foreach (var contender in contenders)
            {
                await contender.Load.DisposeAsync();
                await contender.Cluster.DisposeAsync();
            }
        }

        Report(what, contenders);
    }

    /// <summary>Without a limit, so that what is used all the time is compiled, for which silos that share the processors need as much longer; then with it.</summary>
    private async Task WarmUpAsync(Contender contender)
    {
        contender.Load.Start();
        await Task.Delay(warmUp * contender.Cluster.SiloLimits.Count);
        foreach (var limit in contender.Limited)
        {
            limit.Set(share);
        }

        await Task.Delay(s_settle);
        await contender.Load.StopAsync();
    }

    private static async Task<Turn> MeasureAsync(Contender contender)
    {
        contender.Load.Start();
        await Task.Delay(s_rampUp);
        var (records, used, others, client) = (contender.Load.Acknowledged, Sum(contender.Limited), Sum(contender.Others), Environment.CpuUsage.TotalTime);
        var start = Stopwatch.GetTimestamp();
        await Task.Delay(s_measure);
        var elapsed = Stopwatch.GetElapsedTime(start);
        Turn turn = new(
            (contender.Load.Acknowledged - records) * ScaleLoad.ValueBytes / elapsed.TotalSeconds,
            (Sum(contender.Limited) - used) / elapsed,
            (Sum(contender.Others) - others) / elapsed,
            (Environment.CpuUsage.TotalTime - client) / elapsed);
        await contender.Load.StopAsync();
        return turn;
    }

    private void Report(string what, List<Contender> contenders)
    {
        Say($"{what,-12}{"min",10}{"median",10}{"max",10} MB/s   processors used by them, by the others, by the client   failed   step: median (min to max)");
        Contender? smaller = null;
        foreach (var contender in contenders)
        {
            var rate = Spread.Of(contender.Turns.Select(turn => turn.Rate / 1e6));
            var step = smaller is null ? null : Spread.Of(contender.Turns.Zip(smaller.Turns, (more, less) => more.Rate / less.Rate));
            var stepText = step is null ? "" : string.Create(CultureInfo.InvariantCulture, $"x {step.Median:0.00} ({step.Min:0.00} to {step.Max:0.00})");
            Say($"{contender.Size,-12}{rate.Min,10:0.0}{rate.Median,10:0.0}{rate.Max,10:0.0}        {Median(contender, turn => turn.Used):0.00}, {Median(contender, turn => turn.Others):0.00}, {Median(contender, turn => turn.Client):0.00}   {contender.Load.Failed}   {stepText}");
            smaller = contender;
        }
    }

    private void Say(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static TimeSpan Sum(IEnumerable<CpuLimit> groups) => groups.Aggregate(TimeSpan.Zero, (sum, group) => sum + group.Used);

    private static double Median(Contender contender, Func<Turn, double> figure) => Spread.Of(contender.Turns.Select(figure)).Median;

    private sealed record Contender(int Size, ScaleCluster Cluster, ScaleLoad Load, IReadOnlyList<CpuLimit> Limited, IReadOnlyList<CpuLimit> Others)
    {
        public List<Turn> Turns { get; } = [];
    }

    /// <param name="Rate">Acknowledged bytes of values in a second.</param>
    /// <param name="Used">Processors that the limited ones used.</param>
    /// <param name="Others">Processors that the other side used, which has no limit.</param>
    /// <param name="Client">Processors that this process used.</param>
    private sealed record Turn(double Rate, double Used, double Others, double Client);
}
