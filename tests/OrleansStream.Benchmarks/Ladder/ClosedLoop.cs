using System.Diagnostics;
using HdrHistogram;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>Drives one batch at a time per partition, each partition on its own, for the load's duration.</summary>
internal static class ClosedLoop
{
    /// <summary>Runs the load.</summary>
    /// <param name="load">The load.</param>
    /// <param name="recordsPerBatch">How many records an operation carries.</param>
    /// <param name="bytesPerBatch">How many bytes an operation carries.</param>
    /// <param name="appendAsync">One operation on a partition; it completes when the batch is durable.</param>
    public static async Task<Measurement> RunAsync(Load load, int recordsPerBatch, int bytesPerBatch, Func<int, Task> appendAsync)
    {
        var warmUp = load.Duration / 5;
        var histograms = new LongHistogram[load.Partitions];
        var allocatedBefore = 0L;
        var watch = Stopwatch.StartNew();
        var loops = Enumerable.Range(0, load.Partitions).Select(partition => Task.Run(async () =>
        {
            var histogram = histograms[partition] = new LongHistogram(60 * Stopwatch.Frequency, 3);
            while (watch.Elapsed < warmUp)
            {
                await appendAsync(partition);
            }

            if (partition == 0)
            {
                allocatedBefore = GC.GetTotalAllocatedBytes();
            }

            while (true)
            {
                var start = watch.ElapsedTicks;
                if (watch.Elapsed >= warmUp + load.Duration)
                {
                    return;
                }

                await appendAsync(partition);
                histogram.RecordValue(Math.Max(1, watch.ElapsedTicks - start));
            }
        })).ToArray();
        await Task.WhenAll(loops);
        var elapsed = watch.Elapsed - warmUp;
        var allocated = GC.GetTotalAllocatedBytes() - allocatedBefore;

        var all = histograms[0];
        foreach (var histogram in histograms.Skip(1))
        {
            all.Add(histogram);
        }

        return new Measurement(
            all.TotalCount * recordsPerBatch,
            all.TotalCount * bytesPerBatch,
            elapsed,
            Milliseconds(all, 50),
            Milliseconds(all, 99),
            allocated);
    }

    public static double Milliseconds(HistogramBase histogram, double percentile) =>
        histogram.TotalCount == 0 ? double.NaN : histogram.GetValueAtPercentile(percentile) * 1000.0 / Stopwatch.Frequency;
}
