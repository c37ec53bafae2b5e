using System.Globalization;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>Runs all rungs in turn, round after round, and prints medians, so that a noisy machine is noisy for every rung alike.</summary>
internal sealed class LadderRunner(IReadOnlyList<Func<IRung>> rungs, TextWriter output)
{
    /// <summary>One row of the result.</summary>
    internal sealed record Row(string Rung, Load Load, Measurement Median, double RatioToFloor, double MinMegabytes, double MaxMegabytes);

    public async Task<IReadOnlyList<Row>> RunAsync(Load load, int rounds, string root)
    {
        var results = new Dictionary<string, List<Measurement>>();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var create in rungs)
            {
                var folder = Directory.CreateDirectory(Path.Combine(root, Guid.NewGuid().ToString("N"))).FullName;
                try
                {
                    await using var rung = create();
                    await rung.StartAsync(load, folder);
                    GC.Collect();
                    var measurement = await rung.RunAsync();
                    if (!results.TryGetValue(rung.Name, out var list))
                    {
                        results[rung.Name] = list = [];
                    }

                    list.Add(measurement);
                    await output.WriteLineAsync(
                        $"  round {round + 1}: {rung.Name,-28} {measurement.MegabytesPerSecond,8:F1} MB/s {measurement.RecordsPerSecond,12:N0} records/s");
                }
                finally
                {
                    Directory.Delete(folder, recursive: true);
                }
            }
        }

        var floor = Median(results.First().Value).MegabytesPerSecond;
        return [.. results.Select(r =>
        {
            var median = Median(r.Value);
            return new Row(r.Key, load, median, median.MegabytesPerSecond / floor, r.Value.Min(m => m.MegabytesPerSecond), r.Value.Max(m => m.MegabytesPerSecond));
        })];
    }

    public static string Table(IReadOnlyList<Row> rows)
    {
        var lines = new List<string>
        {
            "| rung | MB/s (min–max) | of the floor | records/s | ack p50 ms | ack p99 ms | allocated B/record | CPU s per million records, client | and server |",
            "|---|---|---|---|---|---|---|---|---|",
        };
        lines.AddRange(rows.Select(r => string.Create(
            CultureInfo.InvariantCulture,
            $"| {r.Rung} | {r.Median.MegabytesPerSecond:F1} ({r.MinMegabytes:F1}–{r.MaxMegabytes:F1}) | {r.RatioToFloor:P0} | {r.Median.RecordsPerSecond:N0} | {Number(r.Median.LatencyP50Ms)} | {Number(r.Median.LatencyP99Ms)} | {Number(r.Median.AllocatedPerRecord)} | {Number(r.Median.CpuPerMillion(r.Median.ClientCpu))} | {Number(r.Median.CpuPerMillion(r.Median.ServerCpu))} |")));
        return string.Join(Environment.NewLine, lines);
    }

    private static Measurement Median(List<Measurement> measurements) =>
        measurements.OrderBy(m => m.MegabytesPerSecond).ElementAt(measurements.Count / 2);

    private static string Number(double value) => double.IsNaN(value) ? "–" : value.ToString("F2", CultureInfo.InvariantCulture);
}
