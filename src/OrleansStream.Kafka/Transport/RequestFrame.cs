using System.Buffers;

namespace OrleansStream.Kafka.Transport;

/// <summary>The bytes of one request, without its length. Disposing gives the memory back, and the room that it took.</summary>
internal sealed class RequestFrame : IDisposable
{
    private readonly int _length;
    private readonly ByteGate _own;
    private readonly ByteGate _all;
    private byte[]? _bytes;

    /// <summary>The room was taken before.</summary>
    public RequestFrame(int length, ByteGate own, ByteGate all)
    {
        _length = length;
        _own = own;
        _all = all;
        _bytes = ArrayPool<byte>.Shared.Rent(length);
    }

    public Memory<byte> Memory => _bytes.AsMemory(0, _length);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _bytes, null) is { } bytes)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            _all.Return(_length);
            _own.Return(_length);
        }
    }
}
