using System.Buffers;
using System.Diagnostics;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Serialization;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>Consumes, record by record, what a producer of the same load left.</summary>
internal sealed class ConsumerRung : SdkRung
{
    public override string Name => "SDK, consume over TCP";

    public override async Task<Measurement> RunAsync()
    {
        // The producer's warm-up is in the topic as well.
        await ProduceAsync(Load.Duration);
        var records = 0L;
        await foreach (var partition in Client.Admin.DescribePartitionsAsync(Topic))
        {
            records += partition.HighWatermark - partition.LogStartOffset;
        }

        await using var consumer = Client.CreateConsumer(
            new ConsumerOptions<ReadOnlyMemory<byte>, int> { Topics = [Topic], ValueSerializer = new LengthOnly() });
        var allocated = GC.GetTotalAllocatedBytes();
        var cpu = new CpuMeter(ServerCpu);
        var watch = Stopwatch.StartNew();
        var (count, bytes) = (0L, 0L);
        await foreach (var record in consumer)
        {
            bytes += record.Value;
            if (++count == records)
            {
                break;
            }
        }

        return cpu.AddTo(new Measurement(count, bytes, watch.Elapsed, double.NaN, double.NaN, GC.GetTotalAllocatedBytes() - allocated));
    }

    /// <summary>Looks at the bytes without keeping them, so that what is measured is the platform and not the copies of an application.</summary>
    private sealed class LengthOnly : ISerializer<int>
    {
        public void Serialize(int value, IBufferWriter<byte> writer) => throw new NotSupportedException();

        public int Deserialize(ReadOnlySpan<byte> data) => data.Length;
    }
}
