using OrleansStream.Records;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>A batch as a producer would send it, made once and appended again and again: it carries no producer id, so nothing is a repetition.</summary>
internal sealed class SampleBatch
{
    public SampleBatch(Load load)
    {
        var value = SampleValue.Of(load.RecordBytes);
        using var builder = new RecordBatchBuilder(CompressionType.None, load.BatchBytes);
        while (builder.TryAppend(new RecordFields { TimestampMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), Value = value }))
        {
        }

        RecordCount = builder.RecordCount;
        using var built = builder.Build(-1, -1, -1);
        Bytes = built.Memory.ToArray();
    }

    public byte[] Bytes { get; }

    public int RecordCount { get; }
}

/// <summary>Bytes that no codec makes smaller.</summary>
internal static class SampleValue
{
    public static byte[] Of(int size)
    {
        var bytes = new byte[size];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
