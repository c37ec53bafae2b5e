using System.CommandLine;
using System.Globalization;
using OrleansStream.Cli.Output;
using OrleansStream.Monitoring;

namespace OrleansStream.Cli.Cluster;

/// <summary><c>ostream cluster stats</c>: rates, as the difference of two snapshots, and the health of the storage.</summary>
internal static class ClusterStatsCommand
{
    public static Command Build()
    {
        var interval = CommonOptions.Count("--interval", "Over how many seconds rates are measured", 2, 1, 3600);
        var command = new Command("stats", "Measure what every silo does: rates, acknowledgement latency, errors; and check the storage")
        {
            interval, CommonOptions.Output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var before = await client.Admin.SnapshotAsync(limit: 0, cancellationToken);
            await Task.Delay(TimeSpan.FromSeconds(parsed.GetValue(interval)), cancellationToken);
            var stats = ClusterStats.From(
                before, await client.Admin.SnapshotAsync(limit: 0, cancellationToken), await client.Admin.CheckStorageAsync(cancellationToken));
            if (parsed.GetValue(CommonOptions.Output) == OutputFormat.Json)
            {
                Json.Write(stats, Json.Readable.ClusterStats);
            }
            else
            {
                using var output = new StandardOutput();
                var table = new TableWriter(output);
                table.Write(stats.Silos, s_silos);
                table.WriteLine("");
                table.Write(stats.Storage, s_storage);
            }
        });
        return command.WithExamples("ostream cluster stats\nostream cluster stats --interval 10 -o json");
    }

    private static readonly Column<SiloStats>[] s_silos =
    [
        new("Silo", s => s.Name),
        new("Condition", s => s.Condition.ToString()),
        new("Produced B/s", s => Text(s.BytesProducedPerSecond, "0"), IsNumber: true),
        new("Records/s", s => Text(s.RecordsProducedPerSecond, "0"), IsNumber: true),
        new("Fetched B/s", s => Text(s.BytesFetchedPerSecond, "0"), IsNumber: true),
        new("Ack p50 (ms)", s => Text(s.AckP50Ms, "0.0"), IsNumber: true),
        new("Ack p99 (ms)", s => Text(s.AckP99Ms, "0.0"), IsNumber: true),
        new("Errors/s", s => Text(s.ErrorsPerSecond, "0.0"), IsNumber: true),
        new("Processors", s => Text(s.Processors, "0.00"), IsNumber: true),
        new("Memory", s => Text(s.MemoryBytes, "0"), IsNumber: true),
    ];

    private static readonly Column<StorageRow>[] s_storage =
    [
        new("Storage", s => s.Name),
        new("Healthy", s => s.IsHealthy ? "yes" : "no"),
        new("Answer (ms)", s => Text(s.LatencyMs, "0.0"), IsNumber: true),
        new("Trouble", s => s.Message ?? "-"),
    ];

    private static string Text(double? number, string format) => number?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}

/// <summary>What was measured, in the output.</summary>
internal sealed record ClusterStats(IReadOnlyList<SiloStats> Silos, IReadOnlyList<StorageRow> Storage)
{
    public static ClusterStats From(ClusterSnapshot before, ClusterSnapshot after, IReadOnlyList<StorageCheck> storage) => new(
        [
            .. after.Silos.Select(silo => SiloStats.From(
                before.Silos.FirstOrDefault(earlier => earlier.Address == silo.Address && earlier.Generation == silo.Generation)?.Report, silo)),
        ],
        [.. storage.Select(check => new StorageRow(check.Name, check.IsHealthy, check.Latency.TotalMilliseconds, check.Message))]);
}

/// <summary>One silo in the output; null stands for what is not known because the silo did not answer.</summary>
internal sealed record SiloStats(
    string Name,
    string Address,
    SiloCondition Condition,
    double? BytesProducedPerSecond,
    double? RecordsProducedPerSecond,
    double? BytesFetchedPerSecond,
    double? AckP50Ms,
    double? AckP99Ms,
    double? ErrorsPerSecond,
    double? Processors,
    long? MemoryBytes)
{
    public static SiloStats From(SiloReport? before, SiloSnapshot silo)
    {
        if (before is null || silo.Report is not { } after || after.Clock <= before.Clock)
        {
            return new SiloStats(silo.Name, silo.Address, silo.Condition, null, null, null, null, null, null, null, silo.Report?.Counters.MemoryBytes);
        }

        var seconds = (after.Clock - before.Clock).TotalSeconds;
        var (old, now) = (before.Counters, after.Counters);
        var acks = now.AckLatency.Zip(old.AckLatency, (more, less) => more - less).ToArray();
        return new SiloStats(
            silo.Name,
            silo.Address,
            silo.Condition,
            (now.BytesProduced - old.BytesProduced) / seconds,
            (now.RecordsProduced - old.RecordsProduced) / seconds,
            (now.BytesFetched - old.BytesFetched) / seconds,
            LatencyBuckets.Percentile(acks, 0.5)?.TotalMilliseconds,
            LatencyBuckets.Percentile(acks, 0.99)?.TotalMilliseconds,
            (now.Errors.Sum(error => error.Count) - old.Errors.Sum(error => error.Count)) / seconds,
            (now.ProcessorTime - old.ProcessorTime).TotalSeconds / seconds,
            now.MemoryBytes);
    }
}

/// <summary>A place where data is kept, in the output.</summary>
internal sealed record StorageRow(string Name, bool IsHealthy, double LatencyMs, string? Message);
