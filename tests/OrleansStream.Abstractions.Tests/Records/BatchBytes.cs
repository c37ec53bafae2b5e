using System.Buffers.Binary;
using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

/// <summary>Makes batches that the builder would never make, with a length and checksum that are right all the same.</summary>
internal static class BatchBytes
{
    /// <summary>A batch around a record section.</summary>
    public static byte[] Around(ReadOnlySpan<byte> records, int count = 1, CompressionType compression = CompressionType.None)
    {
        var template = TestRecord.Build(CompressionType.None, [new TestRecord(1000, null, null)]);
        return Edit([.. template.AsSpan(0, RecordBatchFormat.HeaderBytes), .. records], batch =>
        {
            BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(RecordBatchFormat.AttributesAt), (short)compression);
            BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.LastOffsetDeltaAt), count - 1);
            BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchFormat.RecordCountAt), count);
        });
    }

    /// <summary>A copy that was changed and then given its length and checksum again.</summary>
    public static byte[] Edit(ReadOnlySpan<byte> batch, Action<byte[]> edit)
    {
        var copy = batch.ToArray();
        edit(copy);
        BinaryPrimitives.WriteInt32BigEndian(copy.AsSpan(RecordBatchFormat.BatchLengthAt), copy.Length - RecordBatchFormat.LengthOverheadBytes);
        BinaryPrimitives.WriteUInt32BigEndian(copy.AsSpan(RecordBatchFormat.CrcAt), Crc32C.Compute(copy.AsSpan(RecordBatchFormat.AttributesAt)));
        return copy;
    }

    public static byte[] WithAttributes(ReadOnlySpan<byte> batch, short flags) => Edit(
        batch,
        b => b[RecordBatchFormat.AttributesAt + 1] |= (byte)flags);

    /// <summary>Reads the batch, which must work or end in <see cref="ErrorCode.CorruptMessage"/>: any other exception fails the test.</summary>
    public static bool IsReadable(ReadOnlyMemory<byte> batch, int maxDecompressedBytes)
    {
        try
        {
            TestRecord.ReadAll(batch, maxDecompressedBytes);
            return true;
        }
        catch (OrleansStreamException e) when (e.ErrorCode == ErrorCode.CorruptMessage)
        {
            return false;
        }
    }

    public static OrleansStreamException AssertCorrupt(ReadOnlyMemory<byte> batch, int maxDecompressedBytes = TestRecord.MaxDecompressedBytes)
    {
        var e = Assert.Throws<OrleansStreamException>(() => TestRecord.ReadAll(batch, maxDecompressedBytes));
        Assert.Equal(ErrorCode.CorruptMessage, e.ErrorCode);
        return e;
    }
}
