using OrleansStream.Topics;

namespace OrleansStream.Storage;

/// <summary>Where the logs of partitions lie. One store serves all partitions of a silo; safe for concurrent use.</summary>
public interface IPartitionLogStore : IAsyncDisposable
{
    /// <summary>The store's name in the catalog; a partition's log stays in the store it was created in.</summary>
    string Name { get; }

    /// <summary>
    /// Opens a partition's log, creating it at first use: takes the next leader epoch, which fences every earlier opening
    /// (invariant I4), and recovers whatever a crash left behind.
    /// </summary>
    /// <exception cref="OrleansStreamException">
    /// <see cref="ErrorCode.CorruptLog"/> when data before the log's durable end is damaged or missing,
    /// <see cref="ErrorCode.StorageError"/> or <see cref="ErrorCode.DiskFull"/> when the store does not work.
    /// </exception>
    ValueTask<IPartitionLog> OpenAsync(PartitionId partition, TopicConfiguration configuration, CancellationToken cancellationToken);

    /// <summary>
    /// Tells a log's extent without opening it.
    /// </summary>
    /// <returns>Null when the log was never opened, or when only an opening could tell (after a crash).</returns>
    ValueTask<LogDescription?> DescribeAsync(PartitionId partition, CancellationToken cancellationToken);

    /// <summary>Deletes old segments, as <see cref="IPartitionLog.ApplyRetentionAsync"/> does, of a log that is not open here.</summary>
    ValueTask ApplyRetentionAsync(PartitionId partition, TopicConfiguration configuration, CancellationToken cancellationToken);

    /// <summary>Deletes a log for good; an opening that still exists is fenced first. Deleting what is not there succeeds.</summary>
    ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken);

    /// <summary>Every partition that has a log in this store, in no particular order: for finding what the catalog no longer knows.</summary>
    IAsyncEnumerable<PartitionId> ListAsync(CancellationToken cancellationToken);
}
