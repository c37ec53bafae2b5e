using OrleansStream.Records;

namespace OrleansStream.Endpoint;

/// <summary>Asks a silo for batches of partitions that it owns.</summary>
/// <param name="Partitions">What is wanted; earlier entries are served first, so callers rotate them.</param>
/// <param name="MinBytes">Answer as soon as this many bytes are there (or any partition has an error).</param>
/// <param name="MaxBytes">Stop adding batches beyond this many bytes; the first one is always given whole.</param>
/// <param name="MaxWait">Answer after this time at the latest, with nothing if need be; at most <see cref="ProtocolLimits.MaxFetchWait"/>.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.fetch-request")]
public sealed record FetchRequest(
    [property: Id(0)] FetchPartition[] Partitions,
    [property: Id(1)] int MinBytes,
    [property: Id(2)] int MaxBytes,
    [property: Id(3)] TimeSpan MaxWait);

/// <summary>One partition of a <see cref="FetchRequest"/>.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The first offset wanted; the answer begins with the batch that contains it.</param>
/// <param name="MaxBytes">The most bytes from this partition, except that the first batch of the whole answer is always given.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.fetch-partition")]
public readonly record struct FetchPartition(
    [property: Id(0)] PartitionId Partition,
    [property: Id(1)] Offset Offset,
    [property: Id(2)] int MaxBytes);

/// <summary>The answer to a <see cref="FetchRequest"/>.</summary>
/// <param name="Partitions">One entry for each partition asked for, in the same order.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.fetch-response")]
public sealed record FetchResponse([property: Id(0)] FetchedPartition[] Partitions);

/// <summary>One partition of a <see cref="FetchResponse"/>.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Error">What kept this partition from being read, or <see cref="ErrorCode.None"/>.</param>
/// <param name="HighWatermark">Every record below it is durable and may be read.</param>
/// <param name="LogStartOffset">The first offset that the partition still holds.</param>
/// <param name="Batches">Whole batches, the first of which contains the offset asked for. The receiver disposes them.</param>
/// <param name="Message">What to do about the error, for people.</param>
/// <param name="Leader">With <see cref="ErrorCode.NotLeaderOrFollower"/>: where to go, when it is known.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.fetched-partition")]
public sealed record FetchedPartition(
    [property: Id(0)] PartitionId Partition,
    [property: Id(1)] ErrorCode Error,
    [property: Id(2)] Offset HighWatermark,
    [property: Id(3)] Offset LogStartOffset,
    [property: Id(4)] RecordBytes Batches,
    [property: Id(5)] string? Message = null,
    [property: Id(6)] PartitionLeader? Leader = null);
