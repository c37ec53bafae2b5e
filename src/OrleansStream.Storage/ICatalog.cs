using OrleansStream.Topics;

namespace OrleansStream.Storage;

/// <summary>The durable list of topics, and what else must be unique in a cluster. Safe for concurrent use.</summary>
public interface ICatalog
{
    /// <summary>The cluster's id, made when the catalog was.</summary>
    ValueTask<string> GetClusterIdAsync(CancellationToken cancellationToken);

    /// <summary>Adds a topic.</summary>
    /// <param name="topic">The entry; its time of creation is kept to the millisecond.</param>
    /// <param name="store">Where the topic's first partitions get their logs: the <see cref="IPartitionLogStore.Name"/>, or several as <see cref="StoreSpread"/> notes them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False when the name is taken.</returns>
    ValueTask<bool> TryCreateTopicAsync(TopicDescription topic, string store, CancellationToken cancellationToken);

    /// <summary>Finds a topic by name; null when there is none.</summary>
    ValueTask<TopicDescription?> FindTopicAsync(string name, CancellationToken cancellationToken);

    /// <summary>Finds a topic by id; null when there is none.</summary>
    ValueTask<TopicDescription?> FindTopicAsync(Guid topicId, CancellationToken cancellationToken);

    /// <summary>The name of the store that holds a partition's log; null when there is no such partition.</summary>
    ValueTask<string?> FindStoreAsync(PartitionId partition, CancellationToken cancellationToken);

    /// <summary>Replaces a topic's configuration and raises its number of partitions; the new ones get their logs in <paramref name="store"/>.</summary>
    /// <returns>False when the topic is gone.</returns>
    /// <exception cref="OrleansStreamException">
    /// <see cref="ErrorCode.InvalidPartitions"/>: the topic has more partitions by now than the caller knew of.
    /// </exception>
    ValueTask<bool> UpdateTopicAsync(TopicDescription topic, string store, CancellationToken cancellationToken);

    /// <summary>
    /// Removes a topic, and the offsets that groups committed for it, in one transaction, and notes in the same transaction
    /// that its logs are to be deleted. Its name is free at once.
    /// </summary>
    /// <returns>False when it was not there.</returns>
    ValueTask<bool> DeleteTopicAsync(Guid topicId, CancellationToken cancellationToken);

    /// <summary>
    /// Topics that were deleted while their logs may still exist, oldest deletion first. Only logs of topics noted here are ever
    /// deleted: a log that the catalog has never heard of is somebody's data, not rubbish.
    /// </summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<IReadOnlyList<DeletedTopic>> ListDeletedTopicsAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Forgets a deleted topic, whose logs are gone by now. Unknown ids are ignored.</summary>
    ValueTask ForgetDeletedTopicAsync(Guid topicId, CancellationToken cancellationToken);

    /// <summary>Topics in the order of their names (ordinal), in pages.</summary>
    /// <param name="prefix">Only names that begin with it; empty for all.</param>
    /// <param name="after">Only names after this one; null from the start.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<IReadOnlyList<TopicDescription>> ListTopicsAsync(string prefix, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Reserves producer ids that nobody had or will have.</summary>
    /// <returns>The first of <paramref name="count"/> consecutive ids.</returns>
    ValueTask<long> ReserveProducerIdsAsync(int count, CancellationToken cancellationToken);
}

/// <summary>A topic whose logs are to be deleted.</summary>
/// <param name="TopicId">The id it had.</param>
/// <param name="PartitionCount">How many partitions it had.</param>
public readonly record struct DeletedTopic(Guid TopicId, int PartitionCount);
