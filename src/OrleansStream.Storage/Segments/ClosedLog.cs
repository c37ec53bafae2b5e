using OrleansStream.Storage.Partitions;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Segments;

/// <summary>
/// A log that nobody has open and that was closed in good order: its checkpoint tells everything without reading a record.
/// Blocking; the caller keeps openings away meanwhile.
/// </summary>
internal sealed class ClosedLog
{
    private readonly FileLogContext _context;
    private readonly LeaderEpoch _leaderEpoch;
    private readonly Checkpoint _checkpoint;
    private readonly Offset _logStart;
    private readonly SegmentInfo[] _segments;

    private ClosedLog(FileLogContext context, LogMarks marks, Checkpoint checkpoint, Offset logStart, SegmentInfo[] segments)
    {
        _context = context;
        _leaderEpoch = marks.LeaderEpoch;
        _checkpoint = checkpoint;
        _logStart = logStart;
        _segments = segments;
    }

    /// <summary>Looks at a log.</summary>
    /// <returns>Null when there is none, or when only an opening can tell what is in it.</returns>
    public static ClosedLog? TryRead(FileLogContext context)
    {
        if (LogMarks.TryRead(context.Files, context.Folder) is not { } marks || Checkpoint.TryRead(context.Files, context.Folder) is not { } checkpoint)
        {
            return null;
        }

        var listing = LogListing.Read(context.Files, context.Folder);
        var logStart = marks.LogStart > checkpoint.LogStart ? marks.LogStart : checkpoint.LogStart;
        var active = checkpoint.Segments[^1];
        var isClosed = listing.Count > 0 && listing.Last == active.BaseOffset && listing.SizeOf(active.BaseOffset) == active.SizeInBytes;
        return isClosed && logStart <= checkpoint.RecoveryPoint
            ? new ClosedLog(context, marks, checkpoint, logStart, [.. checkpoint.Segments.Where(segment => listing.SizeOf(segment.BaseOffset) is not null)])
            : null;
    }

    public LogDescription Describe() => new(
        _leaderEpoch,
        new LogOffsets(_logStart, _checkpoint.RecoveryPoint, _checkpoint.RecoveryPoint, _checkpoint.RecoveryPoint),
        _segments.Sum(segment => (long)segment.SizeInBytes),
        _segments.Length);

    /// <summary>See <see cref="IPartitionLogStore.ApplyRetentionAsync"/>. The order is that of an open log.</summary>
    public void ApplyRetention(TopicConfiguration configuration)
    {
        var logStart = SegmentPolicy.FindRetainedStart(_segments, _logStart, configuration, _context.NowMs);
        if (logStart == _logStart)
        {
            return;
        }

        using (var marks = LogMarks.Open(_context.Files, _context.Folder))
        {
            marks.SetLogStart(logStart);
        }

        foreach (var segment in _segments.TakeWhile(segment => segment.BaseOffset < logStart && segment != _segments[^1]))
        {
            FileLogBackend.DeleteFiles(_context, segment.BaseOffset);
        }
    }
}
