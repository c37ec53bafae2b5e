using OrleansStream.Records;

namespace OrleansStream.Server.Tests.Fakes;

/// <summary>Makes batches to append.</summary>
internal static class Batches
{
    /// <summary>A batch of so many records, each with a value of so many bytes.</summary>
    public static RecordBytes Of(int records, int valueBytes = 10, long producerId = -1, short producerEpoch = -1, int baseSequence = -1)
    {
        using var builder = new RecordBatchBuilder(CompressionType.None, ProtocolLimits.MaxRecordBytes);
        var value = new byte[valueBytes];
        for (var number = 0; number < records; number++)
        {
            value.AsSpan().Fill((byte)number);
            builder.TryAppend(new RecordFields { TimestampMs = 1_700_000_000_000 + number, Value = value });
        }

        return builder.Build(producerId, producerEpoch, baseSequence);
    }
}
