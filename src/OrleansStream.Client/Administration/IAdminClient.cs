using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Groups;
using OrleansStream.Monitoring;
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

    /// <summary>
    /// A group's lag in time: how old the next record is that each partition's consumer has to read. Opens the partitions that lag
    /// and are idle.
    /// </summary>
    /// <param name="group">The group as it was described a moment ago.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Zero for partitions without lag; those are left out whose lag is unknown.</returns>
    Task<IReadOnlyDictionary<TopicPartition, TimeSpan>> MeasureLagAsync(GroupDescription group, CancellationToken cancellationToken = default);

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

    /// <summary>
    /// The cluster at this moment: silos, the partitions they have open with offsets and sizes, and counters. Made to be asked for
    /// once a second: it wakes no partition and asks no database, and a silo that does not answer within a second is told as such.
    /// </summary>
    /// <param name="limit">How many partitions of each silo at most, 0 to 10,000.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task<ClusterSnapshot> SnapshotAsync(int limit = 10_000, CancellationToken cancellationToken = default);

    /// <summary>Has a silo ask the catalog and every store of logs one small question each.</summary>
    Task<IReadOnlyList<StorageCheck>> CheckStorageAsync(CancellationToken cancellationToken = default);

    /// <summary>The segments of a partition, oldest first, or the newest of them; opens the partition if it is idle.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task<IReadOnlyList<SegmentDescription>> DescribeSegmentsAsync(TopicPartition partition, int limit = 1000, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads the batches of a partition as they are stored, for looking into a log rather than consuming it. Opens the partition if
    /// it is idle.
    /// </summary>
    /// <param name="partition">The partition.</param>
    /// <param name="offset">The first offset wanted, from the beginning up to the high watermark; the answer begins with the batch that holds it.</param>
    /// <param name="maxBytes">The most bytes, except that one batch is always given whole.</param>
    /// <param name="maxWait">How long the owner waits for a record when there is none yet; zero to answer at once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Batches that the caller disposes, and the extent of the log.</returns>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.OffsetOutOfRange"/>: the partition does not hold the offset.</exception>
    Task<FetchedPartition> FetchAsync(
        TopicPartition partition, Offset offset, int maxBytes, TimeSpan maxWait = default, CancellationToken cancellationToken = default);

    /// <summary>
    /// The time of the record at an offset, as exact as its batch's header tells; null where there is no record yet, or none any
    /// more. Opens the partition if it is idle.
    /// </summary>
    Task<DateTimeOffset?> FindTimeAsync(TopicPartition partition, Offset offset, CancellationToken cancellationToken = default);
}
