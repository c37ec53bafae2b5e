using System.Buffers.Binary;

namespace OrleansStream.Chaos.Workload;

/// <summary>The bytes of a record: eight of its number, and more to give it some size.</summary>
internal static class RecordValue
{
    public static byte[] Encode(long value, int paddingBytes)
    {
        var bytes = new byte[sizeof(long) + paddingBytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    public static long Decode(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64BigEndian(bytes);
}
