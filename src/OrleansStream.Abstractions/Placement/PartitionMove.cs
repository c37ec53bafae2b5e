namespace OrleansStream.Placement;

/// <summary>A partition that went from one silo to another.</summary>
/// <param name="Number">Counts the cluster's moves; a move that is not stored yet has 0.</param>
/// <param name="Partition">The partition.</param>
/// <param name="From">The silo it left, as <c>host:port</c> among silos.</param>
/// <param name="To">The silo that opened it.</param>
/// <param name="Reason">Why it moved.</param>
/// <param name="Unavailable">
/// From the end of serving on the old silo to the opening on the new one. After a failure it counts from the moment the cluster
/// took the silo for dead, which is some seconds after the silo died.
/// </param>
/// <param name="MovedAt">When it was open again, to the millisecond.</param>
/// <param name="Topic">The topic's name where it is told to people; null when the topic is gone.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.partition-move")]
public sealed record PartitionMove(
    [property: Id(0)] long Number,
    [property: Id(1)] PartitionId Partition,
    [property: Id(2)] string From,
    [property: Id(3)] string To,
    [property: Id(4)] MoveReason Reason,
    [property: Id(5)] TimeSpan Unavailable,
    [property: Id(6)] DateTimeOffset MovedAt,
    [property: Id(7)] string? Topic = null);
