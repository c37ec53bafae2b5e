using OrleansStream.Groups;
using OrleansStream.Monitoring;
using OrleansStream.Placement;
using OrleansStream.Topics;

namespace OrleansStream.Grains;

/// <summary>Answers what concerns no single topic or group; stateless, so that every silo answers by itself. Its key is 0.</summary>
[Alias("orleansstream.cluster")]
public interface IClusterGrain : IGrainWithIntegerKey
{
    /// <summary>The cluster's id and its silos.</summary>
    [Alias("Describe")]
    Task<ClusterDescription> DescribeAsync();

    /// <summary>Topics by name, in pages.</summary>
    /// <param name="prefix">Only names that begin with it; empty for all.</param>
    /// <param name="after">Only names after this one; null from the start.</param>
    /// <param name="limit">How many at most, 1 to 1,000.</param>
    [Alias("ListTopics")]
    Task<TopicDescription[]> ListTopicsAsync(string prefix, string? after, int limit);

    /// <summary>Groups by id, in pages; arguments as for <see cref="ListTopicsAsync"/>.</summary>
    [Alias("ListGroups")]
    Task<GroupListing[]> ListGroupsAsync(string prefix, string? after, int limit);

    /// <summary>A producer id that nobody had before.</summary>
    [Alias("AllocateProducerId")]
    Task<long> AllocateProducerIdAsync();

    /// <summary>The map of partitions, and what was decided by hand.</summary>
    /// <param name="limit">How many partitions of each silo at most, 0 to 10,000.</param>
    [Alias("DescribePlacement")]
    Task<PlacementDescription> DescribePlacementAsync(int limit);

    /// <summary>Pins a partition to a silo, to which it moves at once if it is open.</summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="partition">The partition's number.</param>
    /// <param name="silo">An active silo's name, or its address among silos or for clients as <c>host:port</c>.</param>
    /// <exception cref="OrleansStreamException">There is no such partition or silo.</exception>
    [Alias("Pin")]
    Task PinAsync(string topic, int partition, string silo);

    /// <summary>Takes a pin away.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.InvalidRequest"/>: the partition is not pinned.</exception>
    [Alias("Unpin")]
    Task UnpinAsync(string topic, int partition);

    /// <summary>Moves everything off a silo and places nothing there until it is undrained, also over its restarts.</summary>
    /// <param name="silo">As for <see cref="PinAsync"/>. Draining what is drained succeeds.</param>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.InvalidRequest"/>: there is no such silo.</exception>
    [Alias("Drain")]
    Task DrainAsync(string silo);

    /// <summary>Lets a silo own partitions again; it need not be there.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.InvalidRequest"/>: the silo is not drained.</exception>
    [Alias("Undrain")]
    Task UndrainAsync(string silo);

    /// <summary>The history of moves, newest first, in pages.</summary>
    /// <param name="before">Only moves with a lower number; null from the newest.</param>
    /// <param name="limit">How many at most, 1 to 1,000.</param>
    [Alias("ListMoves")]
    Task<PartitionMove[]> ListMovesAsync(long? before, int limit);

    /// <summary>The cluster at this moment.</summary>
    /// <param name="limit">How many partitions of each silo at most, 0 to 10,000.</param>
    [Alias("Snapshot")]
    Task<ClusterSnapshot> SnapshotAsync(int limit);

    /// <summary>Asks the catalog and every store of logs one small question each, from the silo that answers.</summary>
    [Alias("CheckStorage")]
    Task<StorageCheck[]> CheckStorageAsync();
}

/// <summary>The cluster as a whole.</summary>
/// <param name="ClusterId">Made when the catalog was, and constant since.</param>
/// <param name="Version">The version of the silo that answered.</param>
/// <param name="Silos">The silos that are members, by address.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.cluster-description")]
public sealed record ClusterDescription(
    [property: Id(0)] string ClusterId,
    [property: Id(1)] string Version,
    [property: Id(2)] SiloDescription[] Silos);

/// <summary>One silo.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address among silos, as <c>host:port</c>.</param>
/// <param name="Gateway">Its address for clients, as <c>host:port</c>; null when it takes none.</param>
/// <param name="Status">Its status in the membership: Active, Joining, ShuttingDown, …</param>
/// <param name="StartedAt">When it started.</param>
/// <param name="OpenPartitions">How many partitions it has open, or -1 when it did not answer.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.silo-description")]
public sealed record SiloDescription(
    [property: Id(0)] string Name,
    [property: Id(1)] string Address,
    [property: Id(2)] string? Gateway,
    [property: Id(3)] string Status,
    [property: Id(4)] DateTimeOffset StartedAt,
    [property: Id(5)] int OpenPartitions);
