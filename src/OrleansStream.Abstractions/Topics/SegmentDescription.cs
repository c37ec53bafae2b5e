namespace OrleansStream.Topics;

/// <summary>A segment of a partition's log.</summary>
/// <param name="BaseOffset">The offset of its first record.</param>
/// <param name="SizeInBytes">Its bytes.</param>
/// <param name="FirstAppendAt">When its first record arrived, by the server's clock; null while it is empty.</param>
/// <param name="YoungestRecordAt">The youngest record's own time, which retention goes by; null while it is empty.</param>
/// <param name="IsActive">True for the one that is appended to, which retention never deletes.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.segment-description")]
public sealed record SegmentDescription(
    [property: Id(0)] Offset BaseOffset,
    [property: Id(1)] long SizeInBytes,
    [property: Id(2)] DateTimeOffset? FirstAppendAt,
    [property: Id(3)] DateTimeOffset? YoungestRecordAt,
    [property: Id(4)] bool IsActive);
