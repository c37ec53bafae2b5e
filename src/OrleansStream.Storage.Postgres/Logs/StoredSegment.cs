using OrleansStream.Storage.Partitions;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>A run of a log's batches in one extent.</summary>
/// <param name="Info">Its place, size and times.</param>
/// <param name="Extent">The number of the extent; <see cref="None"/> while nothing was stored yet.</param>
internal sealed record StoredSegment(SegmentInfo Info, int Extent)
{
    /// <summary>No extent.</summary>
    public const int None = 0;

    /// <summary>A segment that waits for its first batch.</summary>
    public static StoredSegment Empty(Offset baseOffset) => new(new SegmentInfo(baseOffset, SizeInBytes: 0, MaxTimestampMs: -1, FirstAppendMs: -1), None);

    /// <summary>The segment with a group's batches behind its own.</summary>
    public StoredSegment With(AppendGroup group, int extent, long nowMs) => new(
        Info with
        {
            SizeInBytes = Info.SizeInBytes + group.SizeInBytes,
            MaxTimestampMs = Math.Max(Info.MaxTimestampMs, group.Batches.Max(batch => batch.MaxTimestampMs)),
            FirstAppendMs = Info.FirstAppendMs < 0 ? nowMs : Info.FirstAppendMs,
        },
        extent);
}
