using System.Buffers.Binary;
using static OrleansStream.Records.RecordBatchFormat;

namespace OrleansStream.Records;

/// <summary>Steps over whole batches in a buffer, as a fetch returns them, without looking inside.</summary>
public static class RecordBatchReader
{
    /// <summary>Cuts the first batch off a buffer. Go on with <c>buffer = buffer[batch.Length..]</c> until it answers false.</summary>
    /// <param name="buffer">Batches one after the other; the last may be cut off.</param>
    /// <param name="batch">The first one's bytes, a part of <paramref name="buffer"/>. Its checksum was not looked at.</param>
    /// <returns>False when the buffer does not hold one more whole batch.</returns>
    /// <exception cref="OrleansStreamException">
    /// <see cref="ErrorCode.CorruptMessage"/> when the buffer begins with something that cannot be a batch, however it goes on.
    /// </exception>
    public static bool TryReadBatch(ReadOnlyMemory<byte> buffer, out ReadOnlyMemory<byte> batch)
    {
        batch = default;
        var bytes = buffer.Span;
        if (bytes.Length < LengthOverheadBytes)
        {
            return false;
        }

        var size = LengthOverheadBytes + (long)BinaryPrimitives.ReadInt32BigEndian(bytes[BatchLengthAt..]);
        if (size < HeaderBytes)
        {
            throw new OrleansStreamException(
                ErrorCode.CorruptMessage,
                $"A record batch claims to be {size} bytes long; its header alone has {HeaderBytes}. The bytes are damaged, or not record batches.");
        }

        if (bytes.Length < size)
        {
            return false;
        }

        batch = buffer[..(int)size];
        return true;
    }
}
