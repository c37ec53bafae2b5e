namespace OrleansStream.Kafka.Transport;

/// <summary>
/// Room that all connections share, in two parts, so that a few connections which claim much, and are slow to give it back, keep nobody waiting who
/// wants little. Safe for concurrent use.
/// </summary>
internal sealed class SharedRoom(long capacity)
{
    /// <summary>The largest claim that counts as small.</summary>
    public const int SmallBytes = 64 * 1024;

    private readonly ByteGate _small = new(capacity / 4);
    private readonly ByteGate _large = new(capacity - (capacity / 4));

    public long Used => _small.Used + _large.Used;

    /// <summary>The part for large claims.</summary>
    public ByteGate Large => _large;

    /// <summary>Less than half of the room for large claims is left.</summary>
    public bool IsTight => _large.Used > _large.Capacity / 2;

    /// <summary>The part that a claim belongs to; it is returned there as well.</summary>
    public ByteGate For(long bytes) => bytes <= SmallBytes ? _small : _large;
}
