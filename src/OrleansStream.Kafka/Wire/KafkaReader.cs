using System.Buffers.Binary;
using System.Text;
using OrleansStream.Kafka.Transport;

namespace OrleansStream.Kafka.Wire;

/// <summary>
/// Reads the protocol's types from one frame. It believes no length: each is checked against what is left, and what is to be made of it is
/// charged before it is made, because an element of one byte becomes an object of a hundred.
/// </summary>
/// <param name="frame">The bytes.</param>
/// <param name="room">What is charged; null where the frame is trusted.</param>
internal ref struct KafkaReader(ReadOnlyMemory<byte> frame, ParseRoom? room = null)
{
    /// <summary>A text or an array, beside its characters or elements.</summary>
    private const int ObjectBytes = 24;

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlyMemory<byte> _frame = frame;
    private readonly ReadOnlySpan<byte> _bytes = frame.Span;
    private int _at;
    private long _made;
    private long _covered = ParseRoom.FreeBytes;

    public readonly int Remaining => _bytes.Length - _at;

    /// <summary>The memory, in bytes and rounded up, that was made of what was read so far.</summary>
    public readonly long Made => _made;

    public bool ReadBoolean() => Take(sizeof(byte))[0] != 0;

    public sbyte ReadInt8() => (sbyte)Take(sizeof(sbyte))[0];

    public short ReadInt16() => BinaryPrimitives.ReadInt16BigEndian(Take(sizeof(short)));

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(sizeof(ushort)));

    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int)));

    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long)));

    public double ReadFloat64() => BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double)));

    public Guid ReadUuid() => new(Take(16), bigEndian: true);

    /// <summary>An unsigned number of 7 bits per byte, the lowest first.</summary>
    public uint ReadUnsignedVarint()
    {
        var value = 0UL;
        for (var shift = 0; shift <= 28; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7f) << shift;
            if ((next & 0x80) == 0)
            {
                return value <= uint.MaxValue ? (uint)value : throw Malformed("a number of more than 32 bits");
            }
        }

        throw Malformed("a number of more than five bytes");
    }

    public string ReadString(bool flexible) => ReadNullableString(flexible) ?? throw Malformed("null where a text is required");

    public string? ReadNullableString(bool flexible)
    {
        var length = flexible ? ReadCompactLength() : ReadInt16();
        if (length < 0)
        {
            return null;
        }

        Charge(ObjectBytes + (sizeof(char) * (long)length));
        try
        {
            return s_utf8.GetString(Take(length));
        }
        catch (ArgumentException)
        {
            throw Malformed("a text that is not UTF-8");
        }
    }

    public ReadOnlyMemory<byte> ReadBytes(bool flexible) => ReadNullableBytes(flexible) ?? throw Malformed("null where bytes are required");

    public ReadOnlyMemory<byte>? ReadNullableBytes(bool flexible)
    {
        var length = flexible ? ReadCompactLength() : ReadInt32();
        if (length < 0)
        {
            return null;
        }

        var start = _at;
        Take(length);
        return _frame.Slice(start, length);
    }

    public ReadOnlyMemory<byte> ReadRecords(bool flexible) => ReadBytes(flexible);

    public ReadOnlyMemory<byte>? ReadNullableRecords(bool flexible) => ReadNullableBytes(flexible);

    /// <param name="flexible">The version is a flexible one.</param>
    /// <param name="elementBytes">The memory that each element takes.</param>
    public int ReadArrayLength(bool flexible, int elementBytes)
    {
        var length = ReadNullableArrayLength(flexible, elementBytes);
        return length >= 0 ? length : throw Malformed("null where an array is required");
    }

    /// <inheritdoc cref="ReadArrayLength"/>
    /// <returns>-1 for null.</returns>
    public int ReadNullableArrayLength(bool flexible, int elementBytes)
    {
        var length = flexible ? ReadCompactLength() : ReadInt32();
        if (length < 0)
        {
            return -1;
        }

        // An element has at least one byte.
        if (length > Remaining)
        {
            throw Malformed($"an array of {length} elements");
        }

        Charge(ObjectBytes + ((long)length * elementBytes));
        return length;
    }

    /// <summary>The byte in front of a struct that may be null.</summary>
    public bool ReadIsPresent() => ReadInt8() >= 0;

    public int ReadTagCount()
    {
        var count = ReadUnsignedVarint();
        return count <= Remaining ? (int)count : throw Malformed($"{count} tagged fields");
    }

    /// <param name="end">Where the tagged field ends.</param>
    /// <returns>The tag.</returns>
    public uint BeginTag(out int end)
    {
        var tag = ReadUnsignedVarint();
        var size = ReadUnsignedVarint();
        if (size > Remaining)
        {
            throw Malformed($"a tagged field of {size} bytes");
        }

        end = _at + (int)size;
        return tag;
    }

    public readonly void EndTag(int end)
    {
        if (_at != end)
        {
            throw Malformed("a tagged field of another size than it claims");
        }
    }

    public void SkipTo(int end) => _at = end;

    public void SkipTags()
    {
        for (var tags = ReadTagCount(); tags > 0; tags--)
        {
            BeginTag(out var end);
            SkipTo(end);
        }
    }

    /// <summary>Says that nothing may follow.</summary>
    public readonly void End()
    {
        if (Remaining > 0)
        {
            throw Malformed($"{Remaining} bytes too many");
        }
    }

    private void Charge(long bytes)
    {
        _made += bytes;
        if (_made > _covered && room is not null)
        {
            _covered = room.Cover(_made);
        }
    }

    private int ReadCompactLength()
    {
        var length = ReadUnsignedVarint();
        return length <= int.MaxValue ? (int)length - 1 : throw Malformed($"a length of {length}");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > Remaining || count < 0)
        {
            throw Malformed($"{count} bytes wanted where {Remaining} are left");
        }

        var taken = _bytes.Slice(_at, count);
        _at += count;
        return taken;
    }

    private readonly KafkaProtocolException Malformed(string what) => new($"The frame has at byte {_at}: {what}.");
}
