using OrleansStream.Grains;
using OrleansStream.Groups;
using OrleansStream.Placement;
using OrleansStream.Topics;

namespace OrleansStream.Client.Administration;

/// <summary>
/// Manages topics, groups and the cluster. Safe for concurrent use. Every call may throw <see cref="OrleansStreamException"/>;
/// transient trouble was retried before.
/// </summary>
public interface IAdminClient
{
    /// <summary>Creates a topic.</summary>
    /// <param name="topic">Letters, digits, '.', '_' and '-', at most 249.</param>
    /// <param name="partitions">How many partitions.</param>
    /// <param name="configuration">Settings that differ from the defaults; <see cref="TopicConfiguration.Settings"/> lists them.</param>
    /// <param name="cancellationToken">Gives up; the topic may exist nevertheless.</param>
    Task<TopicDescription> CreateTopicAsync(
        string topic, int partitions, IReadOnlyDictionary<string, string>? configuration = null, CancellationToken cancellationToken = default);

    /// <summary>Reads a topic's catalog entry.</summary>
    Task<TopicDescription> DescribeTopicAsync(string topic, CancellationToken cancellationToken = default);

    /// <summary>Reads where a topic's partitions live and how far they reach, page by page, without waking idle ones.</summary>
    IAsyncEnumerable<PartitionDescription> DescribePartitionsAsync(string topic, CancellationToken cancellationToken = default);

    /// <summary>Topics in the order of their names, page by page.</summary>
    /// <param name="prefix">Only names that begin with it.</param>
    /// <param name="cancellationToken">Stops.</param>
    IAsyncEnumerable<TopicDescription> ListTopicsAsync(string prefix = "", CancellationToken cancellationToken = default);

    /// <summary>Changes settings; a null value returns one to its default.</summary>
    Task<TopicDescription> AlterTopicAsync(string topic, IReadOnlyDictionary<string, string?> changes, CancellationToken cancellationToken = default);

    /// <summary>Raises the number of partitions; keys map to other partitions afterwards.</summary>
    Task<TopicDescription> AddPartitionsAsync(string topic, int totalCount, CancellationToken cancellationToken = default);

    /// <summary>Deletes a topic with its records and the offsets committed for it.</summary>
    Task DeleteTopicAsync(string topic, CancellationToken cancellationToken = default);

    /// <summary>Deletes the records before an offset.</summary>
    /// <returns>The log start offset afterwards.</returns>
    Task<Offset> DeleteRecordsAsync(TopicPartition partition, Offset before, CancellationToken cancellationToken = default);

    /// <summary>The first offset of a partition that can be read.</summary>
    Task<Offset> FindBeginningAsync(TopicPartition partition, CancellationToken cancellationToken = default);

    /// <summary>The high watermark of a partition.</summary>
    Task<Offset> FindEndAsync(TopicPartition partition, CancellationToken cancellationToken = default);

    /// <summary>The offset of the first record that is not older than <paramref name="time"/>; null when there is none.</summary>
    Task<Offset?> FindOffsetAsync(TopicPartition partition, DateTimeOffset time, CancellationToken cancellationToken = default);

    /// <summary>Groups in the order of their ids, page by page.</summary>
    IAsyncEnumerable<GroupListing> ListGroupsAsync(string prefix = "", CancellationToken cancellationToken = default);

    /// <summary>A group's members, assignment, offsets and lag.</summary>
    Task<GroupDescription> DescribeGroupAsync(string groupId, CancellationToken cancellationToken = default);

    /// <summary>Sets a group's offsets, also backwards; nobody may own the partitions.</summary>
    Task ResetOffsetsAsync(string groupId, IReadOnlyCollection<CommittedOffset> offsets, CancellationToken cancellationToken = default);

    /// <summary>Forgets a group without members, and its offsets.</summary>
    Task DeleteGroupAsync(string groupId, CancellationToken cancellationToken = default);

    /// <summary>The cluster and its silos.</summary>
    Task<ClusterDescription> DescribeClusterAsync(CancellationToken cancellationToken = default);

    /// <summary>Which silo has which partitions open, and what was decided about that by hand.</summary>
    /// <param name="limit">How many partitions of each silo at most, 0 to 10,000.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task<PlacementDescription> DescribePlacementAsync(int limit = 1000, CancellationToken cancellationToken = default);

    /// <summary>Pins a partition to an active silo, which is named by its name or as <c>host:port</c>; the partition moves at once if it is open.</summary>
    Task PinPartitionAsync(TopicPartition partition, string silo, CancellationToken cancellationToken = default);

    /// <summary>Takes a partition's pin away.</summary>
    Task UnpinPartitionAsync(TopicPartition partition, CancellationToken cancellationToken = default);

    /// <summary>Moves everything off an active silo and places nothing there until <see cref="UndrainSiloAsync"/>, also over its restarts.</summary>
    Task DrainSiloAsync(string silo, CancellationToken cancellationToken = default);

    /// <summary>Lets a drained silo own partitions again.</summary>
    Task UndrainSiloAsync(string silo, CancellationToken cancellationToken = default);

    /// <summary>The partitions that went from silo to silo, the newest move first, page by page. The last 5,000 are kept.</summary>
    IAsyncEnumerable<PartitionMove> ListMovesAsync(CancellationToken cancellationToken = default);
}
