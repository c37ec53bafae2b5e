namespace OrleansStream.Placement;

/// <summary>Which silo has which partitions open, and what was decided by hand.</summary>
/// <param name="Silos">The active silos, by address.</param>
/// <param name="Pins">Every pin, by topic and partition.</param>
/// <param name="DrainedSilos">What was drained by hand, as it was named; such a silo need not be there.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.placement-description")]
public sealed record PlacementDescription(
    [property: Id(0)] SiloPlacement[] Silos,
    [property: Id(1)] PinnedPartition[] Pins,
    [property: Id(2)] string[] DrainedSilos);

/// <summary>One silo of a <see cref="PlacementDescription"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address among silos, as <c>host:port</c>.</param>
/// <param name="TakesPartitions">False while it is drained or stops.</param>
/// <param name="OpenPartitionCount">How many partitions it has open, or -1 when it did not answer.</param>
/// <param name="Partitions">The open ones, or the first of them, by topic and partition.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.silo-placement")]
public sealed record SiloPlacement(
    [property: Id(0)] string Name,
    [property: Id(1)] string Address,
    [property: Id(2)] bool TakesPartitions,
    [property: Id(3)] int OpenPartitionCount,
    [property: Id(4)] OpenPartition[] Partitions);

/// <summary>A partition that a silo has open.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="LeaderEpoch">The epoch under which it is open there.</param>
/// <param name="Topic">The topic's name; null when the topic is gone.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.open-partition")]
public sealed record OpenPartition(
    [property: Id(0)] PartitionId Partition,
    [property: Id(1)] LeaderEpoch LeaderEpoch,
    [property: Id(2)] string? Topic = null);

/// <summary>A partition that shall live on a certain silo whenever that silo is there and takes partitions.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Silo">The silo's name or address, as it was given.</param>
/// <param name="Topic">The topic's name where it is told to people; null when the topic is gone.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.pinned-partition")]
public sealed record PinnedPartition(
    [property: Id(0)] PartitionId Partition,
    [property: Id(1)] string Silo,
    [property: Id(2)] string? Topic = null);
