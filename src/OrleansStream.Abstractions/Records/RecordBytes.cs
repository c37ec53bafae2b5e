using System.Buffers;

namespace OrleansStream.Records;

/// <summary>
/// The bytes of record batches on their way between log, silo and client. It has one owner at a time, who disposes it when
/// done; rented memory then goes back to the pool, wrapped memory stays with whoever lent it. Not thread-safe apart from
/// <see cref="Dispose"/>, which may be called more than once.
/// </summary>
/// <remarks>
/// Crossing a silo's boundary counts as receipt: writing a rented instance to the wire releases it, and the reader rents anew.
/// Inside one process the instance itself is handed over, without a copy.
/// </remarks>
[Immutable]
public sealed class RecordBytes : IDisposable
{
    private readonly ReadOnlyMemory<byte> _memory;
    private byte[]? _rented;
    private readonly bool _isRented;

    private RecordBytes(ReadOnlyMemory<byte> memory, byte[]? rented)
    {
        _memory = memory;
        _rented = rented;
        _isRented = rented is not null;
    }

    /// <summary>No batches.</summary>
    public static RecordBytes Empty { get; } = new(default, null);

    /// <summary>Lends <paramref name="memory"/>, which must stay unchanged as long as the instance is in use.</summary>
    public static RecordBytes Wrap(ReadOnlyMemory<byte> memory) => memory.IsEmpty ? Empty : new(memory, null);

    /// <summary>
    /// Takes over an array rented from <see cref="ArrayPool{T}.Shared"/>, of which the first <paramref name="length"/> bytes count.
    /// </summary>
    public static RecordBytes FromRented(byte[] rented, int length) => new(rented.AsMemory(0, length), rented);

    /// <summary>The number of bytes.</summary>
    public int Length => _memory.Length;

    /// <summary>The bytes.</summary>
    /// <exception cref="ObjectDisposedException">The memory went back to the pool.</exception>
    public ReadOnlyMemory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isRented && Volatile.Read(ref _rented) is null, this);
            return _memory;
        }
    }

    internal bool IsRented => _isRented;

    /// <summary>Gives rented memory back to the pool.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _rented, null) is { } array)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
