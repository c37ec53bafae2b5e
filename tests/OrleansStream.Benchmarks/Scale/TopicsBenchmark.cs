using System.Diagnostics;
using System.Globalization;
using OrleansStream.Benchmarks.Peers.Results;

namespace OrleansStream.Benchmarks.Scale;

/// <summary>Very many topics, nearly all of them idle: what it costs to create and to list them, to have them, and to use one for the first time.</summary>
internal sealed class TopicsBenchmark(int topics, TextWriter output)
{
    private const int CreatorCount = 8;
    private const int Touched = 1000;
    private const int Step = 1000;

    public async Task RunAsync()
    {
        await using var cluster = await ScaleCluster.StartAsync(silos: 1, logDatabases: 0);
        var admin = cluster.Client.Admin;
        await admin.CreateTopicAsync("warm-up", 1);
        await using var producer = cluster.Client.CreateProducer<string, string>();
        await producer.ProduceAsync("warm-up", "key", "value");
        await ReportAsync("before", cluster);

        var rates = new List<double>();
        for (var first = 0; first < topics; first += Step)
        {
            var start = Stopwatch.GetTimestamp();
            var next = first - 1;
            var end = Math.Min(topics, first + Step);
            await Task.WhenAll(Enumerable.Range(0, CreatorCount).Select(async _ =>
            {
                for (int number; (number = Interlocked.Increment(ref next)) < end;)
                {
                    await admin.CreateTopicAsync(Name(number), 1);
                }
            }));
            rates.Add((end - first) / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        Say($"created {topics} topics of one partition, {CreatorCount} callers, by the thousand: the first at {rates[0]:0}/s, the first ten at {Spread.Of(rates[..Math.Min(10, rates.Count)]).Median:0}/s, the last ten at {Spread.Of(rates[^Math.Min(10, rates.Count)..]).Median:0}/s, the last at {rates[^1]:0}/s (medians of tens)");
        await ReportAsync("all created", cluster);

        var listing = Stopwatch.GetTimestamp();
        var listed = await admin.ListTopicsAsync("many-").CountAsync();
        Say($"listed {listed} in {Stopwatch.GetElapsedTime(listing).TotalMilliseconds:0} ms");

        var random = new Random(1);
        var times = new List<double>(Touched);
        for (var touch = 0; touch < Math.Min(Touched, topics); touch++)
        {
            var topic = Name(random.Next(topics));
            var start = Stopwatch.GetTimestamp();
            await producer.ProduceAsync(topic, "key", "value");
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Sort();
        Say($"first record of a random topic, one after the other: p50 {times[times.Count / 2]:0.0} ms, p99 {times[(int)(times.Count * 0.99)]:0.0} ms, longest {times[^1]:0.0} ms");
        await ReportAsync($"{times.Count} touched", cluster);
    }

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"many-{number:000000}");

    private async Task ReportAsync(string when, ScaleCluster cluster)
    {
        var partitions = (await cluster.Client.Admin.DescribePlacementAsync(0)).Silos.Sum(silo => silo.OpenPartitionCount);
        var metrics = await cluster.ReadMetricsAsync(0);
        Say($"{when}: {partitions} partitions open, {metrics["orleans_catalog_activations"]:0} grains active, {cluster.ResidentBytes(0) / 1e6:0} MB resident, of it {metrics["dotnet_gc_last_collection_heap_size_bytes"] / 1e6:0} MB managed at the last collection");
    }

    private void Say(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
