namespace OrleansStream.Kafka.Transport;

/// <summary>Room that was taken. Disposing returns it, once.</summary>
internal sealed class RoomLease(ByteGate gate, long bytes) : IDisposable
{
    private ByteGate? _gate = gate;

    public void Dispose() => Interlocked.Exchange(ref _gate, null)?.Return(bytes);
}
