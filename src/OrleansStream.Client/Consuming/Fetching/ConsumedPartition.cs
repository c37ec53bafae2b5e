namespace OrleansStream.Client.Consuming.Fetching;

/// <summary>A partition that the consumer was assigned. <see cref="ConsumedPartitions"/> guards what changes, except where noted.</summary>
internal sealed class ConsumedPartition
{
    private long _highWatermark = Offset.None.Value;

    public ConsumedPartition(TopicPartition topicPartition, PartitionId id, Offset? position)
    {
        TopicPartition = topicPartition;
        Id = id;
        Progress = position is { } offset ? new(offset) : new();
    }

    /// <summary>The one instance of the name that all records of the partition share.</summary>
    public TopicPartition TopicPartition { get; }

    public PartitionId Id { get; }

    /// <summary>Replaced by every seek. May be read without the guard.</summary>
    public volatile PartitionProgress Progress;

    /// <summary>The fetches under way from the position on; null while nothing is to be fetched.</summary>
    public FetchRun? Run;

    public bool IsPaused;

    /// <summary>False until the user was told of the assignment, and again from the moment the partition is taken away.</summary>
    public bool IsOpen;

    /// <summary>What the group has committed, as far as this consumer knows; guarded by the committer.</summary>
    public Offset Committed = Offset.None;

    /// <summary>Every record below it can be read; none before the first answer. Safe from any thread.</summary>
    public Offset HighWatermark
    {
        get => new(Volatile.Read(ref _highWatermark));
        set => Volatile.Write(ref _highWatermark, value.Value);
    }
}
