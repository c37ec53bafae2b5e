using OrleansStream.Records;

namespace OrleansStream.Storage.Partitions;

/// <summary>
/// Where the bytes of one open log go. <see cref="PartitionLog"/> decides what is stored, when segments roll and what
/// retention deletes; the backend stores, finds and deletes. Reads may come at any time from any thread; everything else
/// comes from the log's turns, one call at a time, and may block.
/// </summary>
/// <remarks>
/// Trouble is thrown as <see cref="OrleansStreamException"/>. After <see cref="ErrorCode.DiskFull"/> nothing of the call was
/// done and the log goes on; after anything else the log ends, and only a new opening finds out what is stored.
/// </remarks>
internal interface ILogBackend : IAsyncDisposable
{
    /// <summary>The segments, oldest first; the last one is active. A snapshot for any thread.</summary>
    IReadOnlyList<SegmentInfo> Segments { get; }

    /// <summary>The last of <see cref="Segments"/>.</summary>
    SegmentInfo ActiveSegment { get; }

    /// <summary>Stores a group at the end of the active segment, and makes it durable if <paramref name="flush"/> says so.</summary>
    ValueTask WriteAsync(AppendGroup group, bool flush);

    /// <summary>Makes durable what was written without a flush.</summary>
    ValueTask FlushAsync();

    /// <summary>Flushes and seals the active segment and begins the next one at the log's end.</summary>
    ValueTask RollAsync(LogState state);

    /// <summary>Notes what a later opening needs so that it does not have to read what is flushed. A hint: it may fail without harm.</summary>
    ValueTask CheckpointAsync(LogState state);

    /// <summary>Makes a new log start durable, before anything below it is deleted. Must work on a full disk.</summary>
    ValueTask SetLogStartAsync(Offset logStart);

    /// <summary>Deletes the segments that end at or below the log start, never the active one.</summary>
    ValueTask DeleteSegmentsAsync(Offset logStart);

    /// <summary>Reads whole batches, the first of which contains <paramref name="offset"/>, up to <paramref name="end"/>; see <see cref="IPartitionLog.ReadAsync"/>.</summary>
    ValueTask<RecordBytes> ReadAsync(Offset offset, Offset end, int maxBytes, bool firstWhole, CancellationToken cancellationToken);

    /// <summary>Finds the first record from <paramref name="start"/> up to <paramref name="end"/> that is not older than a time.</summary>
    ValueTask<TimestampedOffset?> FindOffsetAsync(long timestampMs, Offset start, Offset end, CancellationToken cancellationToken);
}

/// <summary>A segment, as the policies see it.</summary>
/// <param name="BaseOffset">The offset of its first record.</param>
/// <param name="SizeInBytes">Its bytes.</param>
/// <param name="MaxTimestampMs">The youngest record's timestamp; -1 when there is none.</param>
/// <param name="FirstAppendMs">When its first record arrived, by the server's clock; -1 while it is empty.</param>
internal readonly record struct SegmentInfo(Offset BaseOffset, int SizeInBytes, long MaxTimestampMs, long FirstAppendMs);
