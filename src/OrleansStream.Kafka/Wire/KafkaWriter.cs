using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace OrleansStream.Kafka.Wire;

/// <summary>
/// Writes the protocol's types into one frame. Records are not copied: the frame is a row of pieces, and each of them is a piece of its own,
/// which must stay unchanged until the frame was sent. Not thread-safe; disposing gives the memory back.
/// </summary>
internal sealed class KafkaWriter : IDisposable
{
    private const int InitialBytes = 512;

    /// <summary>What is kept for the next frame, as every connection has a writer.</summary>
    private const int MaxKeptBytes = 64 * 1024;

    /// <summary>Records that are smaller than this are copied, which costs less than a piece.</summary>
    private const int MinPieceBytes = 256;

    private readonly List<(int At, ReadOnlyMemory<byte> Records)> _pieces = [];
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private int _length;
    private long _pieceBytes;

    /// <summary>The bytes written so far.</summary>
    public long Length => _length + _pieceBytes;

    /// <summary>Starts anew.</summary>
    public void Clear()
    {
        _pieces.Clear();
        _length = 0;
        _pieceBytes = 0;
        if (_buffer.Length > MaxKeptBytes)
        {
            // A list of all topics, say, which a connection asks for once in its life.
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, []) is { Length: > 0 } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Leaves room for the frame's length, which <see cref="EndFrame"/> fills in.</summary>
    public void BeginFrame()
    {
        Clear();
        WriteInt32(0);
    }

    public void EndFrame() => BinaryPrimitives.WriteInt32BigEndian(_buffer, checked((int)(Length - sizeof(int))));

    /// <summary>The frame, piece by piece.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces()
    {
        var sent = 0;
        foreach (var (at, records) in _pieces)
        {
            if (at > sent)
            {
                yield return _buffer.AsMemory(sent, at - sent);
                sent = at;
            }

            yield return records;
        }

        if (_length > sent)
        {
            yield return _buffer.AsMemory(sent, _length - sent);
        }
    }

    public void WriteBoolean(bool value) => Take(1)[0] = value ? (byte)1 : (byte)0;

    public void WriteInt8(sbyte value) => Take(1)[0] = (byte)value;

    public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Take(sizeof(short)), value);

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(sizeof(ushort)), value);

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(sizeof(int)), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(sizeof(long)), value);

    public void WriteFloat64(double value) => BinaryPrimitives.WriteDoubleBigEndian(Take(sizeof(double)), value);

    public void WriteUuid(Guid value) => value.TryWriteBytes(Take(16), bigEndian: true, out _);

    public void WriteUnsignedVarint(uint value)
    {
        while (value > 0x7f)
        {
            Take(1)[0] = (byte)(value | 0x80);
            value >>= 7;
        }

        Take(1)[0] = (byte)value;
    }

    public void WriteString(string value, bool flexible) => WriteNullableString(value, flexible);

    public void WriteNullableString(string? value, bool flexible)
    {
        var length = value is null ? -1 : Encoding.UTF8.GetByteCount(value);
        if (flexible)
        {
            WriteUnsignedVarint((uint)(length + 1));
        }
        else
        {
            WriteInt16(checked((short)length));
        }

        if (length > 0)
        {
            Encoding.UTF8.GetBytes(value, Take(length));
        }
    }

    public void WriteBytes(ReadOnlyMemory<byte> value, bool flexible) => WriteNullableBytes(value, flexible);

    public void WriteNullableBytes(ReadOnlyMemory<byte>? value, bool flexible)
    {
        WriteNullableArrayLength(value?.Length ?? -1, flexible);
        value.GetValueOrDefault().Span.CopyTo(Take(value.GetValueOrDefault().Length));
    }

    public void WriteRecords(ReadOnlyMemory<byte> value, bool flexible) => WriteNullableRecords(value, flexible);

    public void WriteNullableRecords(ReadOnlyMemory<byte>? value, bool flexible)
    {
        if (value is not { Length: >= MinPieceBytes } records)
        {
            WriteNullableBytes(value, flexible);
            return;
        }

        WriteArrayLength(records.Length, flexible);
        _pieces.Add((_length, records));
        _pieceBytes += records.Length;
    }

    public void WriteArrayLength(int length, bool flexible) => WriteNullableArrayLength(length, flexible);

    /// <param name="length">-1 for null.</param>
    /// <param name="flexible">The version is a flexible one.</param>
    public void WriteNullableArrayLength(int length, bool flexible)
    {
        if (flexible)
        {
            WriteUnsignedVarint((uint)(length + 1));
        }
        else
        {
            WriteInt32(length);
        }
    }

    /// <summary>The byte in front of a struct that may be null.</summary>
    public void WriteIsPresent(bool isPresent) => WriteInt8(isPresent ? (sbyte)1 : (sbyte)-1);

    public void WriteTagCount(int count) => WriteUnsignedVarint((uint)count);

    /// <returns>What <see cref="EndTag"/> wants to know.</returns>
    public int BeginTag(int tag)
    {
        WriteUnsignedVarint((uint)tag);
        return _length;
    }

    /// <summary>Puts the size in front of what was written since <see cref="BeginTag"/>; records are not allowed there.</summary>
    public void EndTag(int start)
    {
        var size = _length - start;
        WriteUnsignedVarint((uint)size);
        var prefix = _length - start - size;

        // The size stands behind the field now; the two change places.
        Span<byte> saved = stackalloc byte[5];
        _buffer.AsSpan(start + size, prefix).CopyTo(saved);
        _buffer.AsSpan(start, size).CopyTo(_buffer.AsSpan(start + prefix));
        saved[..prefix].CopyTo(_buffer.AsSpan(start));
    }

    /// <summary>The complaint about a null that the version cannot express.</summary>
    public static InvalidOperationException Absent(string field, short version) => new($"{field} is null, which version {version} cannot express.");

    private Span<byte> Take(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Grow(count);
        }

        var taken = _buffer.AsSpan(_length, count);
        _length += count;
        return taken;
    }

    private void Grow(int count)
    {
        var larger = ArrayPool<byte>.Shared.Rent(checked(Math.Max(_length + count, _buffer.Length * 2)));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
