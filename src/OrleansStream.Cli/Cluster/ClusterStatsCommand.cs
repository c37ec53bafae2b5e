using System.CommandLine;
using System.Globalization;
using OrleansStream.Cli.Output;

namespace OrleansStream.Cli.Cluster;

/// <summary><c>ostream cluster stats</c>: rates, as the difference of two snapshots, and the health of the storage.</summary>
internal static class ClusterStatsCommand
{
    public static Command Build()
    {
        var interval = CommonOptions.Count("--interval", "Over how many seconds rates are measured", 2, 1, 3600);
        var partitions = CommonOptions.Count("--partitions", "How many of the busiest open partitions are shown", 0, 0, 10_000);
        var command = new Command("stats", "Measure what every silo does: rates, acknowledgement latency, errors; and check the storage")
        {
            interval, partitions, CommonOptions.Output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var client = await Connection.OpenAsync(parsed, cancellationToken);
            var shown = (int)parsed.GetValue(partitions);
            var limit = shown == 0 ? 0 : 10_000;
            var before = await client.Admin.SnapshotAsync(limit, cancellationToken);
            await Task.Delay(TimeSpan.FromSeconds(parsed.GetValue(interval)), cancellationToken);
            var stats = ClusterStats.From(
                before, await client.Admin.SnapshotAsync(limit, cancellationToken), await client.Admin.CheckStorageAsync(cancellationToken), shown);
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
                if (stats.Partitions.Count > 0)
                {
                    table.WriteLine("");
                    table.Write(stats.Partitions, s_partitions);
                }
            }
        });
        return command.WithExamples("ostream cluster stats --partitions 20\nostream cluster stats --interval 10 -o json");
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

    private static readonly Column<PartitionStats>[] s_partitions =
    [
        new("Topic", p => p.Topic),
        new("Partition", p => Text(p.Partition, "0"), IsNumber: true),
        new("Silo", p => p.Silo),
        new("Produced B/s", p => Text(p.BytesProducedPerSecond, "0"), IsNumber: true),
        new("Records/s", p => Text(p.RecordsProducedPerSecond, "0"), IsNumber: true),
        new("Fetched B/s", p => Text(p.BytesFetchedPerSecond, "0"), IsNumber: true),
        new("Bytes", p => Text(p.SizeInBytes, "0"), IsNumber: true),
    ];

    private static string Text(double? number, string format) => number?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
