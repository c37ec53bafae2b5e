namespace OrleansStream.Client.Producing.Delivery;

/// <summary>
/// The name and the next sequence number of an idempotent producer in one partition. Belongs to the partition's sender.
/// </summary>
/// <remarks>
/// When a batch is given up without knowing whether it was stored, its sequence numbers cannot be used again, and those that
/// follow would leave a gap if it was not. So a new producer epoch begins, with sequence 0: the partition accepts that, and
/// refuses the lost batch should it still be under way. The epoch is raised here and for this partition only, without asking
/// anybody, because nobody else uses the producer's id. When the epochs of an id are used up, the partition takes a new id.
/// </remarks>
internal sealed class ProducerSequence
{
    private const long None = -1;

    public long ProducerId { get; private set; } = None;

    /// <summary>The id that was used up or lost; -1 at first.</summary>
    public long LastProducerId { get; private set; } = None;

    public short ProducerEpoch { get; private set; } = -1;

    public int Next { get; private set; }

    public bool HasProducerId => ProducerId != None;

    /// <summary>Begins under a producer id that nobody else has used in this partition.</summary>
    public void Begin(long producerId) => (ProducerId, LastProducerId, ProducerEpoch, Next) = (producerId, producerId, 0, 0);

    /// <summary>Takes the numbers of that many records. They wrap from 2^31-1 to 0.</summary>
    /// <returns>The first of them.</returns>
    public int Take(int recordCount)
    {
        var first = Next;
        Next = (int)((first + (long)recordCount) & int.MaxValue);
        return first;
    }

    /// <summary>Takes back the numbers that were taken last: certainly nothing was stored under them.</summary>
    public void ReturnTo(int first) => Next = first;

    /// <summary>Leaves all numbers so far behind.</summary>
    public void BeginNewEpoch()
    {
        Next = 0;
        if (ProducerEpoch < short.MaxValue)
        {
            ProducerEpoch++;
        }
        else
        {
            ProducerId = None;
        }
    }

    /// <summary>Leaves the producer id behind: the partition knows a later epoch of it.</summary>
    public void Abandon() => (ProducerId, Next) = (None, 0);

    // For tests that need to stand before a wrap.
    internal void SkipTo(int next) => Next = next;
}
