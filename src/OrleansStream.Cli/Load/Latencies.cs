using System.Diagnostics;
using HdrHistogram;

namespace OrleansStream.Cli.Load;

/// <summary>Collects latencies from any number of threads, in microseconds, to three digits.</summary>
internal sealed class Latencies(string name)
{
    /// <summary>Ten minutes; a record that took longer counts as that.</summary>
    private const long HighestMicroseconds = 600_000_000;

    private readonly LongConcurrentHistogram _histogram = new(1, HighestMicroseconds, 3);

    /// <summary>Records the time from <paramref name="started"/> to now.</summary>
    /// <param name="started">A timestamp of <see cref="Stopwatch"/>.</param>
    public void RecordSince(long started)
    {
        var microseconds = (long)(Stopwatch.GetElapsedTime(started).TotalMilliseconds * 1000);
        _histogram.RecordValue(Math.Clamp(microseconds, 1, HighestMicroseconds));
    }

    public LatencySummary Summarize() => LatencySummary.From(name, _histogram);
}
