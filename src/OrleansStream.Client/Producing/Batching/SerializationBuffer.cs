using System.Buffers;

namespace OrleansStream.Client.Producing.Batching;

/// <summary>
/// The bytes of one record's key and value while they are on their way into a batch. One per thread, reused; a buffer that
/// had to grow for a huge record is dropped afterwards.
/// </summary>
internal sealed class SerializationBuffer : IBufferWriter<byte>
{
    private const int InitialBytes = 4 * 1024;
    private const int MaxKeptBytes = 1024 * 1024;

    [ThreadStatic]
    private static SerializationBuffer? s_current;

    private byte[] _bytes = new byte[InitialBytes];
    private int _written;

    private SerializationBuffer()
    {
    }

    /// <summary>The number of bytes written.</summary>
    public int Length => _written;

    /// <summary>
    /// Takes this thread's buffer, empty. It counts as in use until it is returned, so that a serializer which itself produces
    /// a record gets another one.
    /// </summary>
    public static SerializationBuffer Rent()
    {
        var buffer = s_current ?? new SerializationBuffer();
        s_current = null;
        return buffer;
    }

    public void Return()
    {
        _written = 0;
        if (_bytes.Length <= MaxKeptBytes)
        {
            s_current = this;
        }
    }

    /// <summary>Bytes that were written; valid until more is written.</summary>
    public ReadOnlySpan<byte> Slice(int start, int length) => _bytes.AsSpan(start, length);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _bytes.Length - _written);
        _written += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _bytes.AsMemory(_written);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _bytes.AsSpan(_written);
    }

    private void EnsureRoom(int sizeHint)
    {
        var needed = Math.Max(sizeHint, 1);
        if (_bytes.Length - _written < needed)
        {
            Array.Resize(ref _bytes, Math.Max(checked(_written + needed), (int)Math.Min(2L * _bytes.Length, Array.MaxLength)));
        }
    }
}
