using OrleansStream.Storage.Contract;

namespace OrleansStream.Storage.Tests.Simulation;

/// <summary>
/// A producer as the platform's own is: batches that were not acknowledged are sent again, unchanged and in order, until they
/// are. Without an id it sends each batch once and accepts not to know.
/// </summary>
internal sealed class SimulatedProducer(long producerId)
{
    private readonly Queue<SentBatch> _recent = new();
    private int _nextSequence;
    private short _epoch;

    public bool IsIdempotent => producerId >= 0;

    /// <summary>Sent and not acknowledged, oldest first.</summary>
    public List<SentBatch> Unacknowledged { get; } = [];

    public SentBatch Send(Random random, long timestampMs)
    {
        var records = random.Next(1, 4);
        if (random.Next(40) == 0 && Unacknowledged.Count == 0)
        {
            _epoch++;
            _nextSequence = 0;
        }

        var bytes = IsIdempotent
            ? TestBatch.Of(records, random.Next(0, 200), timestampMs, producerId, _epoch, _nextSequence)
            : TestBatch.Of(records, random.Next(0, 200), timestampMs);
        var sent = new SentBatch(timestampMs, records, bytes);
        _nextSequence += records;
        Unacknowledged.Add(sent);
        return sent;
    }

    public void Acknowledge(SentBatch batch)
    {
        Unacknowledged.Remove(batch);
        _recent.Enqueue(batch);
        while (_recent.Count > 3)
        {
            _recent.Dequeue();
        }
    }

    /// <summary>A batch that was acknowledged a moment ago, to be sent once more; null when there is none to be recognised.</summary>
    public SentBatch? FindRecent() => IsIdempotent && Unacknowledged.Count == 0 && _recent.Count > 0 ? _recent.Last() : null;
}

/// <summary>A batch that was sent.</summary>
/// <param name="Id">The timestamp of its records, which no other batch has.</param>
/// <param name="Records">Their number.</param>
/// <param name="Bytes">The batch.</param>
internal sealed record SentBatch(long Id, int Records, byte[] Bytes)
{
    /// <summary>The offset, once it is known.</summary>
    public Offset? StoredAt { get; set; }
}
