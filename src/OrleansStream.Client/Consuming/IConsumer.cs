using OrleansStream.Groups;

namespace OrleansStream.Client.Consuming;

/// <summary>
/// Consumes records, as a member of a group or of partitions assigned by hand. One loop reads at a time; the other members
/// may be called from any thread meanwhile.
/// </summary>
/// <remarks>
/// <para>A record counts as done when the loop asks for the next one (or the next batch). Automatic commits, and the commit before a
/// partition is given up, cover what is done and nothing more: after a crash, records are seen again, never skipped.</para>
/// <para>Leaving the loop keeps the membership. A loop that is left by <c>break</c> or an exception leaves its last record not done:
/// commit that one explicitly, or seek back to it; otherwise the next loop goes on behind it, and with that it counts as done. An
/// error of one partition ends the loop too, and the next loop meets it again unless somebody seeks elsewhere.</para>
/// <para>Disposing ends a loop that is running when it asks for the next record, waits up to five seconds for that, commits what is
/// done, and leaves the group, unless it is a static member: such a one keeps its partitions for its successor until the session
/// expires. Do not dispose from inside the loop.</para>
/// </remarks>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IConsumer<TKey, TValue> : IAsyncEnumerable<ConsumedRecord<TKey, TValue>>, IAsyncDisposable
{
    /// <summary>
    /// Reads batch by batch: each holds consecutive records of one partition, at most <paramref name="maxRecords"/> of them.
    /// </summary>
    IAsyncEnumerable<ConsumedBatch<TKey, TValue>> ConsumeBatchesAsync(int maxRecords = 1000, CancellationToken cancellationToken = default);

    /// <summary>The partitions consumed at this moment.</summary>
    IReadOnlyCollection<TopicPartition> Assignment { get; }

    /// <summary>Replaces the partitions consumed by hand; not for members of a group.</summary>
    /// <exception cref="InvalidOperationException">The consumer subscribes to topics as a member of a group.</exception>
    Task AssignAsync(IEnumerable<TopicPartitionOffset> partitions, CancellationToken cancellationToken = default);

    /// <summary>The offset of the record that will be read next from a partition; null before that is known.</summary>
    Offset? Position(TopicPartition partition);

    /// <summary>Goes to an offset; what was read ahead is dropped. Reading beyond the log follows <see cref="ConsumerOptions.OffsetReset"/>.</summary>
    Task SeekAsync(TopicPartition partition, Offset offset, CancellationToken cancellationToken = default);

    /// <summary>Goes to the first record that is not older than <paramref name="time"/>, or to the end.</summary>
    Task SeekAsync(TopicPartition partition, DateTimeOffset time, CancellationToken cancellationToken = default);

    /// <summary>Goes to the first record that the log still holds.</summary>
    Task SeekToBeginningAsync(TopicPartition partition, CancellationToken cancellationToken = default);

    /// <summary>Goes behind the last record.</summary>
    Task SeekToEndAsync(TopicPartition partition, CancellationToken cancellationToken = default);

    /// <summary>Reads no more from these partitions, and drops what was read ahead of them, until <see cref="Resume"/>; they stay assigned.</summary>
    void Pause(IEnumerable<TopicPartition> partitions);

    /// <summary>Reads from these partitions again.</summary>
    void Resume(IEnumerable<TopicPartition> partitions);

    /// <summary>Commits, durably, the position behind everything that is done.</summary>
    /// <exception cref="OrleansStreamException">The group refused: <see cref="ErrorCode.IllegalGeneration"/> or <see cref="ErrorCode.UnknownMemberId"/>.</exception>
    Task CommitAsync(CancellationToken cancellationToken = default);

    /// <summary>Commits the position behind one record.</summary>
    Task CommitAsync(ConsumedRecord<TKey, TValue> record, CancellationToken cancellationToken = default);

    /// <summary>Commits offsets of the caller's own choosing: each is the next offset to consume.</summary>
    Task CommitAsync(IEnumerable<CommittedOffset> offsets, CancellationToken cancellationToken = default);

    /// <summary>Reads what the group has committed for these partitions; those without a commit are left out.</summary>
    Task<IReadOnlyList<CommittedOffset>> CommittedAsync(IEnumerable<TopicPartition> partitions, CancellationToken cancellationToken = default);
}

/// <summary>A partition and where to begin in it.</summary>
/// <param name="TopicPartition">The partition.</param>
/// <param name="Offset">The first offset to read; null to go on from the group's committed offset or <see cref="ConsumerOptions.OffsetReset"/>.</param>
public readonly record struct TopicPartitionOffset(TopicPartition TopicPartition, Offset? Offset = null);
