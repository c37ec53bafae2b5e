using OrleansStream.Records;

namespace OrleansStream.Storage.Contract;

/// <summary>Makes record batches as a producer would.</summary>
public static class TestBatch
{
    /// <summary>A batch of records that share a time and hold their number and filler.</summary>
    public static byte[] Of(
        int records = 1, int valueBytes = 10, long timestampMs = 0, long producerId = -1, short producerEpoch = -1, int sequence = -1) =>
        At(producerId, producerEpoch, sequence, valueBytes, Enumerable.Repeat(timestampMs, records).ToArray());

    /// <summary>A batch with a record for each timestamp.</summary>
    public static byte[] At(params long[] timestampsMs) => At(-1, -1, -1, 10, timestampsMs);

    /// <summary>A batch of an idempotent producer.</summary>
    public static byte[] From(long producerId, int sequence, int records = 1, short producerEpoch = 0, long timestampMs = 0) =>
        Of(records, timestampMs: timestampMs, producerId: producerId, producerEpoch: producerEpoch, sequence: sequence);

    private static byte[] At(long producerId, short producerEpoch, int sequence, int valueBytes, long[] timestampsMs)
    {
        using var builder = new RecordBatchBuilder(CompressionType.None, ProtocolLimits.MaxRecordBytes);
        var value = new byte[valueBytes];
        for (var i = 0; i < timestampsMs.Length; i++)
        {
            value.AsSpan().Fill((byte)('a' + (i % 26)));
            builder.TryAppend(new RecordFields { TimestampMs = timestampsMs[i], Key = BitConverter.GetBytes(i), Value = value });
        }

        using var batch = builder.Build(producerId, producerEpoch, sequence);
        return batch.Memory.ToArray();
    }
}
