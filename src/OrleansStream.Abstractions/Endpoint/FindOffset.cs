namespace OrleansStream.Endpoint;

/// <summary>Which place of a partition a <see cref="FindOffsetRequest"/> asks for.</summary>
public enum OffsetPosition
{
    /// <summary>The first offset that the partition still holds.</summary>
    Beginning,

    /// <summary>The high watermark: where the next durable record will be read.</summary>
    End,

    /// <summary>The first record whose timestamp is not before the one given.</summary>
    Timestamp,

    /// <summary>The record at the offset given, of which the time is wanted; told from its batch's header, so to within the batch's own span.</summary>
    Record,
}

/// <summary>Asks the owner of a partition where a place in its log lies.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Position">The kind of place.</param>
/// <param name="TimestampMs">With <see cref="OffsetPosition.Timestamp"/>: milliseconds since 1970 UTC.</param>
/// <param name="Offset">With <see cref="OffsetPosition.Record"/>: the record.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.find-offset-request")]
public sealed record FindOffsetRequest(
    [property: Id(0)] PartitionId Partition,
    [property: Id(1)] OffsetPosition Position,
    [property: Id(2)] long TimestampMs = 0,
    [property: Id(3)] Offset Offset = default);

/// <summary>The answer to a <see cref="FindOffsetRequest"/>.</summary>
/// <param name="Error">What kept the partition from answering, or <see cref="ErrorCode.None"/>.</param>
/// <param name="Offset">The offset; <see cref="Offset.None"/> when no record is that young.</param>
/// <param name="TimestampMs">The found record's timestamp, or -1 when the position asked for has none.</param>
/// <param name="Message">What to do about the error, for people.</param>
/// <param name="Leader">With <see cref="ErrorCode.NotLeaderOrFollower"/>: where to go, when it is known.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.find-offset-response")]
public sealed record FindOffsetResponse(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] Offset Offset,
    [property: Id(2)] long TimestampMs = -1,
    [property: Id(3)] string? Message = null,
    [property: Id(4)] PartitionLeader? Leader = null);
