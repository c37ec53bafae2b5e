using OrleansStream.Storage.Partitions;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>
/// What one log wants stored: a group of batches behind its end. Made by the log's turn, which then waits; the writer that
/// stores it may meanwhile change what the log knows of its segments.
/// </summary>
internal sealed class LogWrite
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LogWrite(long logId, LeaderEpoch epoch, AppendGroup group, StoredSegment? previous, StoredSegment active, bool flush, long nowMs)
    {
        LogId = logId;
        Epoch = epoch;
        Group = group;
        Flush = flush;
        NowMs = nowMs;
        _before = (previous, active);
        var batches = new CachedBatch[group.Batches.Count];
        for (var i = 0; i < batches.Length; i++)
        {
            var batch = group.Batches[i];
            batches[i] = new CachedBatch(batch.BaseOffset, batch.LastOffset, batch.MaxTimestampMs, group.Buffers[2 * i], group.Buffers[(2 * i) + 1]);
        }

        Batches = batches;
        Place(active.Extent);
    }

    private readonly (StoredSegment? Previous, StoredSegment Active) _before;

    public long LogId { get; }

    public LeaderEpoch Epoch { get; }

    public AppendGroup Group { get; }

    /// <summary>The batches, each with one reference that belongs to whoever made the write.</summary>
    public IReadOnlyList<CachedBatch> Batches { get; }

    /// <summary>True when the transaction has to reach the disk before it is answered.</summary>
    public bool Flush { get; }

    public long NowMs { get; }

    /// <summary>The log's end before.</summary>
    public Offset OldEnd => Batches[0].BaseOffset;

    /// <summary>The log's end after.</summary>
    public Offset NewEnd => Batches[^1].LastOffset + 1;

    /// <summary>The segment that receives the batches, as it is afterwards.</summary>
    public StoredSegment Active { get; private set; } = null!;

    /// <summary>The segment that ends because another one begins; null when the active one goes on, or the log had none.</summary>
    public StoredSegment? Sealed { get; private set; }

    /// <summary>True when <see cref="Active"/> begins with this write.</summary>
    public bool BeginsSegment { get; private set; }

    /// <summary>Ends when the group is stored, with an exception when it is not.</summary>
    public Task Task => _done.Task;

    /// <summary>Decides where the batches go: an extent that the log's active segment does not lie in begins a new one.</summary>
    public void Place(int extent)
    {
        var (previous, active) = _before;
        BeginsSegment = active.Extent != extent || active.Extent == StoredSegment.None;
        var isContinued = !BeginsSegment || active.Extent == StoredSegment.None;
        Sealed = BeginsSegment ? (isContinued ? previous : active) : null;
        Active = (isContinued ? active : StoredSegment.Empty(OldEnd)).With(Group, extent, NowMs);
    }

    public void Complete() => _done.TrySetResult();

    public void Fail(OrleansStreamException exception)
    {
        _done.TrySetException(exception);
        _ = _done.Task.Exception;
    }
}
