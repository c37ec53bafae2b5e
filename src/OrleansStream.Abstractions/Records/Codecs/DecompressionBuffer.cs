using System.Buffers;

namespace OrleansStream.Records.Codecs;

/// <summary>Rented memory that grows up to a hard limit while something is decompressed into it.</summary>
internal struct DecompressionBuffer(int maxBytes) : IDisposable
{
    private byte[] _array = [];

    public int Length { get; private set; }

    public readonly int FreeWithinLimit => maxBytes - Length;

    public readonly ReadOnlySpan<byte> Written => _array.AsSpan(0, Length);

    /// <summary>Memory for the next bytes: as many as wanted, fewer only when the limit leaves fewer.</summary>
    /// <exception cref="InvalidDataException">The limit is reached.</exception>
    public Span<byte> GetFree(int wanted)
    {
        if (FreeWithinLimit == 0)
        {
            throw OverLimit();
        }

        var size = Math.Min(wanted, FreeWithinLimit);
        if (_array.Length - Length < size)
        {
            Grow(Length + size);
        }

        return _array.AsSpan(Length, size);
    }

    public void Advance(int count) => Length += count;

    /// <summary>Hands over the memory, which the caller returns to <see cref="ArrayPool{T}.Shared"/>.</summary>
    public byte[] Detach()
    {
        var array = _array;
        _array = [];
        Length = 0;
        return array.Length > 0 ? array : ArrayPool<byte>.Shared.Rent(1);
    }

    public void Dispose()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
            _array = [];
        }
    }

    public readonly InvalidDataException OverLimit() => new($"it would have more than the {maxBytes} bytes that are accepted");

    private void Grow(int needed)
    {
        var doubled = (int)Math.Min(maxBytes, 2L * _array.Length);
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, doubled));
        Written.CopyTo(larger);
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        _array = larger;
    }
}
