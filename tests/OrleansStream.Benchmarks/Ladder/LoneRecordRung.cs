using System.Diagnostics;
using HdrHistogram;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>One record at a time, awaited: what a caller waits who has nothing to batch with.</summary>
internal sealed class LoneRecordRung : SdkRung
{
    public override string Name => "SDK, one record awaited";

    public override async Task<Measurement> RunAsync()
    {
        await using var producer = Client.CreateProducer<string, byte[]>();
        var value = SampleValue.Of(Load.RecordBytes);
        var histogram = new LongHistogram(60 * Stopwatch.Frequency, 3);
        var warmUp = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(warmUp) < Load.Duration / 5)
        {
            await producer.ProduceAsync(Topic, "key", value);
        }

        var allocated = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Load.Duration)
        {
            var start = watch.ElapsedTicks;
            await producer.ProduceAsync(Topic, "key", value);
            histogram.RecordValue(Math.Max(1, watch.ElapsedTicks - start));
        }

        return new Measurement(
            histogram.TotalCount,
            histogram.TotalCount * Load.RecordBytes,
            watch.Elapsed,
            ClosedLoop.Milliseconds(histogram, 50),
            ClosedLoop.Milliseconds(histogram, 99),
            GC.GetTotalAllocatedBytes() - allocated);
    }
}
