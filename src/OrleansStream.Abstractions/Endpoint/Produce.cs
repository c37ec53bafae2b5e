using OrleansStream.Records;

namespace OrleansStream.Endpoint;

/// <summary>Asks the owner of a partition to append one record batch.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Batch">
/// Exactly one batch. The caller keeps it unchanged until the answer is there; the receiver releases what it rented for it.
/// </param>
[GenerateSerializer, Immutable, Alias("orleansstream.produce-request")]
public sealed record ProduceRequest([property: Id(0)] PartitionId Partition, [property: Id(1)] RecordBytes Batch);

/// <summary>The answer to a <see cref="ProduceRequest"/>.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/> when the batch is durable, also when it already was (a repeated batch).</param>
/// <param name="BaseOffset">The offset of the batch's first record; <see cref="Offset.None"/> after an error.</param>
/// <param name="LogStartOffset">The first offset that the partition still holds.</param>
/// <param name="Message">What to do about the error, for people.</param>
/// <param name="Leader">With <see cref="ErrorCode.NotLeaderOrFollower"/>: where to go, when it is known.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.produce-response")]
public sealed record ProduceResponse(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] Offset BaseOffset,
    [property: Id(2)] Offset LogStartOffset,
    [property: Id(3)] string? Message = null,
    [property: Id(4)] PartitionLeader? Leader = null);
