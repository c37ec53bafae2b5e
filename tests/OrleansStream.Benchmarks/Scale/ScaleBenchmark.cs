using System.Diagnostics;
using System.Globalization;
using OrleansStream.Benchmarks.Ladder;
using OrleansStream.Client.Producing;
using OrleansStream.Client.Serialization;

namespace OrleansStream.Benchmarks.Scale;

/// <summary>
/// Whether more silos, or more databases, do more: each gets the same small share of CPU, so that a machine with few cores can
/// tell. What is not under test is not limited; its part of the CPU is printed, to show that it was not what held things up.
/// </summary>
/// <remarks>
/// A silo has the same number of partitions whatever their number, so that it has as many batches to put into a transaction: a topic
/// spread thinner over more silos has smaller ones, which cost more for each record.
/// </remarks>
internal sealed class ScaleBenchmark(double share, int partitions, int batchBytes, TimeSpan warmUp, TextWriter output)
{
    private const int Producers = 2;
    private const int SilosForDatabases = 2;
    private const int ValueBytes = 1024;
    private const string Topic = "scale";

    /// <summary>A silo with a small share is late, and so calls for the first time what deals with lateness: compiling that takes a third of its share for a while.</summary>
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_measure = TimeSpan.FromSeconds(10);

    private long _acknowledged;
    private long _failed;

    public Task SilosAsync(int rounds) => RunAsync("silos", [1, 2, 4], rounds, number => ScaleCluster.StartAsync(number, 0), cluster => cluster.SiloLimits, cluster => cluster.LogLimits);

    public Task DatabasesAsync(int rounds) =>
        RunAsync("databases", [1, 2], rounds, number => ScaleCluster.StartAsync(SilosForDatabases, number), cluster => cluster.LogLimits, cluster => cluster.SiloLimits);

    private async Task RunAsync(
        string what, int[] steps, int rounds, Func<int, Task<ScaleCluster>> start, Func<ScaleCluster, IEnumerable<CpuLimit>> limited, Func<ScaleCluster, IEnumerable<CpuLimit>> others)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{share:P0} of a processor for each of the {what}; {partitions} partitions for each silo, {Producers} producers, values of {ValueBytes} B, batches up to {batchBytes / 1024} KiB, {Environment.ProcessorCount} processors"));
        var rates = steps.ToDictionary(step => step, _ => new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            foreach (var step in steps)
            {
                await using var cluster = await start(step);
                var (rate, used, other, client) = await MeasureAsync(cluster, [.. limited(cluster)], [.. others(cluster)]);
                rates[step].Add(rate);
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{step} {what}: {rate / 1e6:0.0} MB/s; CPU used by them {used:0.00}, by the others {other:0.00}, by the client {client:0.00} processors; {_failed} failed"));
            }
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-12}{"min",10}{"median",10}{"max",10} MB/s   step"));
        double? before = null;
        foreach (var (step, values) in rates)
        {
            values.Sort();
            var median = values[values.Count / 2];
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{step,-12}{values[0] / 1e6,10:0.0}{median / 1e6,10:0.0}{values[^1] / 1e6,10:0.0}        {(before is { } b ? $"x {median / b:0.00}" : "")}"));
            before = median;
        }
    }

    private async Task<(double Rate, double Used, double Others, double Client)> MeasureAsync(ScaleCluster cluster, CpuLimit[] limited, CpuLimit[] others)
    {
        await cluster.Client.Admin.CreateTopicAsync(Topic, partitions * cluster.SiloLimits.Count);
        (_acknowledged, _failed) = (0, 0);
        using var stopping = new CancellationTokenSource();
        var load = Task.WhenAll(Enumerable.Range(0, Producers).Select(_ => Task.Run(() => ProduceAsync(cluster, stopping.Token))));
        await Task.Delay(warmUp);
        foreach (var limit in limited)
        {
            limit.Set(share);
        }

        await Task.Delay(s_settle);
        var (records, used, other, client) = (Interlocked.Read(ref _acknowledged), Sum(limited), Sum(others), Environment.CpuUsage.TotalTime);
        var start = Stopwatch.GetTimestamp();
        await Task.Delay(s_measure);
        var elapsed = Stopwatch.GetElapsedTime(start);
        records = Interlocked.Read(ref _acknowledged) - records;
        (used, other, client) = (Sum(limited) - used, Sum(others) - other, Environment.CpuUsage.TotalTime - client);
        await stopping.CancelAsync();
        foreach (var limit in limited)
        {
            limit.Set(null);
        }

        await load;
        return (records * ValueBytes / elapsed.TotalSeconds, used / elapsed, other / elapsed, client / elapsed);
    }

    private static TimeSpan Sum(CpuLimit[] groups) => groups.Aggregate(TimeSpan.Zero, (sum, group) => sum + group.Used);

    private async Task ProduceAsync(ScaleCluster cluster, CancellationToken stopping)
    {
        await using var producer = cluster.Client.CreateProducer(
            new ProducerOptions<Null, ReadOnlyMemory<byte>> { MaxBatchBytes = batchBytes, MaxBufferedBytes = 64 * 1024 * 1024 });
        ReadOnlyMemory<byte> value = SampleValue.Of(ValueBytes);
        while (!stopping.IsCancellationRequested)
        {
            // Without key and partition: whole batches go round, so that a silo that is slow for a moment does not make them small for the others.
            await producer.EnqueueAsync(new ProducerRecord<Null, ReadOnlyMemory<byte>>(Topic, default, value), Note, null, CancellationToken.None);
        }

        await producer.FlushAsync(CancellationToken.None);
    }

    private void Note(DeliveryResult result) => Interlocked.Increment(ref result.Error is null ? ref _acknowledged : ref _failed);
}
