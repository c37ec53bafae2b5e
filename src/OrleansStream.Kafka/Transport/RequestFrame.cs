using System.Buffers;

namespace OrleansStream.Kafka.Transport;

/// <summary>The bytes of one request, without its length. Disposing gives the memory back, and the room that it took.</summary>
internal sealed class RequestFrame : IDisposable
{
    /// <summary>What is counted for every request beside its bytes: what it becomes when it is read, and what keeps account of it.</summary>
    public const int OverheadBytes = ParseRoom.FreeBytes;

    private readonly int _length;
    private readonly ByteGate _own;
    private readonly ByteGate _all;
    private byte[]? _bytes;

    /// <summary>The room, of <see cref="RoomFor"/> bytes, was taken before.</summary>
    public RequestFrame(int length, ByteGate own, ByteGate all)
    {
        _length = length;
        _own = own;
        _all = all;
        _bytes = ArrayPool<byte>.Shared.Rent(length);
    }

    public Memory<byte> Memory => _bytes.AsMemory(0, _length);

    public static int RoomFor(int length) => length + OverheadBytes;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _bytes, null) is { } bytes)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            _all.Return(RoomFor(_length));
            _own.Return(RoomFor(_length));
        }
    }
}
