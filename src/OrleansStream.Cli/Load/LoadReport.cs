using System.Globalization;
using HdrHistogram;
using OrleansStream.Cli.Output;

namespace OrleansStream.Cli.Load;

/// <summary>The outcome of a load.</summary>
/// <param name="Kind">produce, consume or latency.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Records">Records that were acknowledged or consumed.</param>
/// <param name="ValueBytes">Bytes of their values.</param>
/// <param name="Seconds">The time from the first to the last.</param>
/// <param name="Latencies">What was timed.</param>
internal sealed record LoadReport(string Kind, string Topic, long Records, long ValueBytes, double Seconds, IReadOnlyList<LatencySummary> Latencies)
{
    public double RecordsPerSecond => Math.Round(Records / Seconds);

    /// <summary>Millions of bytes of values per second.</summary>
    public double MegabytesPerSecond => Math.Round(ValueBytes / Seconds / 1_000_000, 2);

    public void Write(OutputFormat format)
    {
        if (format == OutputFormat.Json)
        {
            Json.Write(this, Json.Readable.LoadReport);
            return;
        }

        using var output = new StandardOutput();
        var table = new TableWriter(output);
        table.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Kind}: {Records:N0} records in {Seconds:F2} s, {RecordsPerSecond:N0} records/s, {MegabytesPerSecond:N1} MB/s"));
        if (Latencies.Count > 0)
        {
            table.Write(Latencies, s_columns);
        }
    }

    private static readonly Column<LatencySummary>[] s_columns =
    [
        new("Latency (ms)", l => l.Name),
        new("p50", l => Text(l.P50Ms), IsNumber: true),
        new("p90", l => Text(l.P90Ms), IsNumber: true),
        new("p99", l => Text(l.P99Ms), IsNumber: true),
        new("p99.9", l => Text(l.P999Ms), IsNumber: true),
        new("max", l => Text(l.MaxMs), IsNumber: true),
    ];

    private static string Text(double milliseconds) => milliseconds.ToString("F3", CultureInfo.InvariantCulture);
}

/// <summary>Percentiles of one kind of latency, in milliseconds.</summary>
internal sealed record LatencySummary(string Name, long Count, double P50Ms, double P90Ms, double P99Ms, double P999Ms, double MaxMs)
{
    public static LatencySummary From(string name, HistogramBase microseconds) => new(
        name,
        microseconds.TotalCount,
        Ms(microseconds.GetValueAtPercentile(50)),
        Ms(microseconds.GetValueAtPercentile(90)),
        Ms(microseconds.GetValueAtPercentile(99)),
        Ms(microseconds.GetValueAtPercentile(99.9)),
        Ms(microseconds.TotalCount == 0 ? 0 : microseconds.GetMaxValue()));

    private static double Ms(long microseconds) => microseconds / 1000.0;
}
