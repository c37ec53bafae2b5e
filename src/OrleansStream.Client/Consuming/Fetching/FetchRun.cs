using OrleansStream.Client.Connection;

namespace OrleansStream.Client.Consuming.Fetching;

/// <summary>
/// An uninterrupted run of fetches of one partition. A seek, a pause or a revocation abandons it, and what it still brings,
/// be it a fetch under way or batches read ahead, is dropped.
/// </summary>
internal sealed class FetchRun
{
    private volatile bool _isAbandoned;
    private volatile bool _isInterrupted;

    public FetchRun(ConsumedPartition partition, PartitionProgress progress)
    {
        Partition = partition;
        Progress = progress;
        NextOffset = progress.Position;
    }

    public ConsumedPartition Partition { get; }

    public PartitionProgress Progress { get; }

    /// <summary>Nothing of this run may be given to the loop any more. Never goes back.</summary>
    public bool IsAbandoned => _isAbandoned;

    /// <summary>The loop shall look around before it takes the next record: the run was abandoned, or all reading is suspended.</summary>
    public bool IsInterrupted
    {
        get => _isInterrupted;
        set => _isInterrupted = value;
    }

    /// <summary>Bytes that wait for the loop; written by <see cref="ReadAhead"/>.</summary>
    public int QueuedBytes;

    /// <summary>The offset of the next fetch. This and all that follows is guarded by <see cref="Fetcher"/>.</summary>
    public Offset NextOffset;

    public FetchState State;

    /// <summary>The way that the fetch under way takes.</summary>
    public PartitionRoute? Route;

    /// <summary>Failures in a row.</summary>
    public int Failures;

    /// <summary>When the first of them happened.</summary>
    public long FailingSince;

    public void Abandon()
    {
        _isAbandoned = true;
        _isInterrupted = true;
    }
}

/// <summary>What happens to a <see cref="FetchRun"/> at the moment.</summary>
internal enum FetchState
{
    /// <summary>Nothing; the loop has enough to read.</summary>
    Idle,

    /// <summary>Its partition's leader is looked up, or it waits before the next attempt.</summary>
    Preparing,

    /// <summary>It waits for its turn.</summary>
    Queued,

    /// <summary>A fetch is under way.</summary>
    InFlight,

    /// <summary>It ended with something that only the loop can resolve.</summary>
    Ended,
}
