namespace OrleansStream.Client.Consuming.Fetching;

/// <summary>
/// The partitions that the consumer was assigned, and where reading in each of them stands. Safe for concurrent use. What
/// it changes takes effect before the loop's next record; the record in hand is not touched.
/// </summary>
internal sealed class ConsumedPartitions
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, ConsumedPartition> _partitions = [];
    private readonly ReadAhead _readAhead;
    private readonly Fetcher _fetcher;

    public ConsumedPartitions(ReadAhead readAhead, Fetcher fetcher)
    {
        _readAhead = readAhead;
        _fetcher = fetcher;
    }

    /// <summary>All of them, as they are at the moment.</summary>
    public ConsumedPartition[] All
    {
        get
        {
            lock (_lock)
            {
                return [.. _partitions.Values];
            }
        }
    }

    public bool TryFind(TopicPartition name, out ConsumedPartition? partition)
    {
        lock (_lock)
        {
            return _partitions.TryGetValue(name, out partition);
        }
    }

    /// <exception cref="InvalidOperationException">The partition is not assigned.</exception>
    public ConsumedPartition Find(TopicPartition name) =>
        TryFind(name, out var partition)
            ? partition!
            : throw new InvalidOperationException($"{name} is not assigned to this consumer; its Assignment lists what is.");

    /// <summary>Adds partitions; nothing of them is read before <see cref="Open"/>.</summary>
    public void Add(IEnumerable<ConsumedPartition> partitions)
    {
        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                _partitions.Add(partition.TopicPartition, partition);
            }
        }
    }

    /// <summary>Lets partitions be read, as soon as their position is known.</summary>
    public void Open(IEnumerable<ConsumedPartition> partitions) => Change(partitions, static partition => partition.IsOpen = true);

    /// <summary>Reads no more of partitions that are taken away; what was read ahead is dropped.</summary>
    public void Shut(IEnumerable<ConsumedPartition> partitions) => Change(partitions, static partition => partition.IsOpen = false);

    public void Pause(IEnumerable<ConsumedPartition> partitions) => Change(partitions, static partition => partition.IsPaused = true);

    public void Resume(IEnumerable<ConsumedPartition> partitions) => Change(partitions, static partition => partition.IsPaused = false);

    /// <summary>Forgets partitions that were shut.</summary>
    public void Remove(IEnumerable<ConsumedPartition> partitions)
    {
        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                _partitions.Remove(partition.TopicPartition);
            }
        }
    }

    /// <summary>Reads on at another offset.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="offset">Where.</param>
    /// <param name="insteadOf">Only if this is still where reading stands; null in any case.</param>
    public void Seek(ConsumedPartition partition, Offset offset, PartitionProgress? insteadOf = null)
    {
        FetchRun? begun;
        lock (_lock)
        {
            if (insteadOf is not null && partition.Progress != insteadOf)
            {
                return;
            }

            Abandon(partition);
            partition.Progress = new PartitionProgress(offset);
            begun = Begin(partition);
        }

        Continue(begun);
    }

    /// <summary>Leaves it to the loop that nobody knows where to begin.</summary>
    public void Refuse(ConsumedPartition partition, PartitionProgress insteadOf, OrleansStreamException reason)
    {
        lock (_lock)
        {
            if (partition.Progress == insteadOf && partition is { IsOpen: true, Run: null })
            {
                partition.Run = new FetchRun(partition, insteadOf) { State = FetchState.Ended };
                _readAhead.Offer(FetchedBatches.Failed(partition.Run, reason));
            }
        }
    }

    /// <summary>The loop was told why a run ended: drops what was read ahead and fetches again from where the loop stands.</summary>
    public void Restart(FetchRun run, OrleansStreamException reason)
    {
        FetchRun? begun;
        lock (_lock)
        {
            if (run.Partition.Run != run)
            {
                return;
            }

            Abandon(run.Partition);
            begun = Begin(run.Partition);
        }

        if (begun is null)
        {
            // Still nobody knows where to begin, so the next loop is told as well.
            Refuse(run.Partition, run.Progress, reason);
        }

        Continue(begun);
    }

    /// <summary>Makes the loop look around before its next record.</summary>
    public void Interrupt()
    {
        lock (_lock)
        {
            foreach (var partition in _partitions.Values)
            {
                if (partition.Run is { } run)
                {
                    run.IsInterrupted = true;
                }
            }
        }
    }

    private void Change(IEnumerable<ConsumedPartition> partitions, Action<ConsumedPartition> change)
    {
        var begun = new List<FetchRun>();
        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                change(partition);
                if (!partition.IsOpen || partition.IsPaused)
                {
                    Abandon(partition);
                }
                else if (partition.Run is null && Begin(partition) is { } run)
                {
                    begun.Add(run);
                }
            }
        }

        _fetcher.Continue(begun);
        _fetcher.RoomFreed();
    }

    private void Abandon(ConsumedPartition partition)
    {
        if (partition.Run is { } run)
        {
            partition.Run = null;
            _readAhead.Abandon(run);
        }
    }

    private static FetchRun? Begin(ConsumedPartition partition) =>
        partition.IsOpen && !partition.IsPaused && partition.Progress.Position.HasValue
            ? partition.Run = new FetchRun(partition, partition.Progress)
            : null;

    private void Continue(FetchRun? begun)
    {
        if (begun is not null)
        {
            _fetcher.Continue(begun);
        }

        _fetcher.RoomFreed();
    }
}
