namespace OrleansStream.Topics;

/// <summary>A topic as the catalog knows it.</summary>
/// <param name="Name">The name, unique in the cluster.</param>
/// <param name="TopicId">New at every creation.</param>
/// <param name="PartitionCount">The number of partitions; it never shrinks.</param>
/// <param name="Configuration">Only what was set explicitly; <see cref="TopicConfiguration"/> gives the rest.</param>
/// <param name="CreatedAt">When it was created.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.topic-description")]
public sealed record TopicDescription(
    [property: Id(0)] string Name,
    [property: Id(1)] Guid TopicId,
    [property: Id(2)] int PartitionCount,
    [property: Id(3)] IReadOnlyDictionary<string, string> Configuration,
    [property: Id(4)] DateTimeOffset CreatedAt);

/// <summary>A partition's place and extent. Reading it does not wake an idle partition.</summary>
/// <param name="Partition">The partition's number.</param>
/// <param name="Leader">The silo that has it open, as <c>host:port</c> of its gateway; null while it is idle.</param>
/// <param name="LeaderEpoch">The epoch of its last opening.</param>
/// <param name="LogStartOffset">The first offset that it still holds.</param>
/// <param name="HighWatermark">Every record below it is durable and may be read.</param>
/// <param name="SizeInBytes">The bytes of its log.</param>
/// <param name="SegmentCount">The number of segments.</param>
/// <param name="Error">Why the partition cannot serve, or <see cref="ErrorCode.None"/>.</param>
/// <param name="Message">What to do about the error, for people.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.partition-description")]
public sealed record PartitionDescription(
    [property: Id(0)] int Partition,
    [property: Id(1)] string? Leader,
    [property: Id(2)] LeaderEpoch LeaderEpoch,
    [property: Id(3)] Offset LogStartOffset,
    [property: Id(4)] Offset HighWatermark,
    [property: Id(5)] long SizeInBytes,
    [property: Id(6)] int SegmentCount,
    [property: Id(7)] ErrorCode Error = ErrorCode.None,
    [property: Id(8)] string? Message = null);
