using OrleansStream.Records;

namespace OrleansStream.Kafka.Tests.Hostile;

/// <summary>A batch of one record, as a producer without an id sends it.</summary>
internal static class TestBatch
{
    public static byte[] Of(int valueBytes)
    {
        var value = new byte[valueBytes];
        new Random(valueBytes).NextBytes(value);
        using var builder = new RecordBatchBuilder(CompressionType.None, valueBytes + 1024);
        Assert.True(builder.TryAppend(new RecordFields { TimestampMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), Value = value }));
        using var built = builder.Build(-1, -1, -1);
        return built.Memory.ToArray();
    }
}
