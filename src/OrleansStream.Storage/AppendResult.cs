namespace OrleansStream.Storage;

/// <summary>What became of an append.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/> when the batch is durable.</param>
/// <param name="BaseOffset">The offset of the batch's first record; <see cref="Offset.None"/> after an error.</param>
/// <param name="IsDuplicate">True when the batch was stored earlier and <paramref name="BaseOffset"/> is the one it got then.</param>
/// <param name="Message">What to do about the error, for people.</param>
public readonly record struct AppendResult(ErrorCode Error, Offset BaseOffset, bool IsDuplicate, string? Message = null)
{
    /// <summary>An append that failed.</summary>
    public static AppendResult Failed(ErrorCode error, string message) => new(error, Offset.None, false, message);
}

/// <summary>A record found by its time.</summary>
/// <param name="Offset">The record's offset.</param>
/// <param name="TimestampMs">Its timestamp, in milliseconds since 1970 UTC.</param>
public readonly record struct TimestampedOffset(Offset Offset, long TimestampMs);

/// <summary>The extent of a log.</summary>
/// <param name="LeaderEpoch">The epoch of its last opening.</param>
/// <param name="Offsets">How far it reaches.</param>
/// <param name="SizeInBytes">The bytes of its segments.</param>
/// <param name="SegmentCount">The number of segments, the active one included.</param>
public sealed record LogDescription(LeaderEpoch LeaderEpoch, LogOffsets Offsets, long SizeInBytes, int SegmentCount);
