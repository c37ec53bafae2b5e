using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace OrleansStream.Client.Serialization;

internal sealed class Utf8Serializer : ISerializer<string>
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public void Serialize(string value, IBufferWriter<byte> writer)
    {
        var room = writer.GetSpan(s_strict.GetMaxByteCount(value.Length));
        writer.Advance(s_strict.GetBytes(value, room));
    }

    public string Deserialize(ReadOnlySpan<byte> data) => s_strict.GetString(data);
}

internal sealed class ByteArraySerializer : ISerializer<byte[]>
{
    public void Serialize(byte[] value, IBufferWriter<byte> writer) => writer.Write(value);

    public byte[] Deserialize(ReadOnlySpan<byte> data) => data.ToArray();
}

internal sealed class MemorySerializer : ISerializer<ReadOnlyMemory<byte>>
{
    public void Serialize(ReadOnlyMemory<byte> value, IBufferWriter<byte> writer) => writer.Write(value.Span);

    public ReadOnlyMemory<byte> Deserialize(ReadOnlySpan<byte> data) => data.ToArray();
}

internal sealed class NullSerializer : ISerializer<Null>
{
    public void Serialize(Null value, IBufferWriter<byte> writer)
    {
    }

    public Null Deserialize(ReadOnlySpan<byte> data) => null!;
}

internal sealed class GuidSerializer : ISerializer<Guid>
{
    private const int Length = 36;

    public void Serialize(Guid value, IBufferWriter<byte> writer)
    {
        Utf8Formatter.TryFormat(value, writer.GetSpan(Length), out var written);
        writer.Advance(written);
    }

    public Guid Deserialize(ReadOnlySpan<byte> data) =>
        Utf8Parser.TryParse(data, out Guid value, out var read) && read == data.Length
            ? value
            : throw new OrleansStreamException(
                ErrorCode.SerializationFailed, $"These {data.Length} bytes are not the text of a Guid, which has {Length} characters.");
}

/// <summary>A type whose every value takes the same number of bytes.</summary>
internal sealed class FixedSizeSerializer<T> : ISerializer<T>
    where T : struct
{
    private readonly int _size;
    private readonly Writer _write;
    private readonly Reader _read;

    public FixedSizeSerializer(int size, Writer write, Reader read) => (_size, _write, _read) = (size, write, read);

    public delegate void Writer(Span<byte> destination, T value);

    public delegate T Reader(ReadOnlySpan<byte> source);

    public void Serialize(T value, IBufferWriter<byte> writer)
    {
        _write(writer.GetSpan(_size), value);
        writer.Advance(_size);
    }

    public T Deserialize(ReadOnlySpan<byte> data) =>
        data.Length == _size
            ? _read(data)
            : throw new OrleansStreamException(
                ErrorCode.SerializationFailed, $"A value of type {typeof(T).Name} takes {_size} bytes; there are {data.Length}.");
}

/// <summary>Makes a type optional. Null itself never reaches a serializer.</summary>
internal sealed class NullableSerializer<T> : ISerializer<T?>
    where T : struct
{
    private readonly ISerializer<T> _inner;

    public NullableSerializer(ISerializer<T> inner) => _inner = inner;

    public void Serialize(T? value, IBufferWriter<byte> writer) => _inner.Serialize(value.GetValueOrDefault(), writer);

    public T? Deserialize(ReadOnlySpan<byte> data) => _inner.Deserialize(data);
}
