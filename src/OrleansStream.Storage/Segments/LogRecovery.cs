using Microsoft.Extensions.Logging;
using OrleansStream.Storage.Files;
using OrleansStream.Storage.Partitions;

namespace OrleansStream.Storage.Segments;

/// <summary>
/// Opens what a close or a crash left. Blocking; for one opening, on the store's threads. It throws
/// <see cref="ErrorCode.CorruptLog"/>, and changes nothing, when acknowledged data is damaged or missing.
/// </summary>
/// <remarks>
/// 1. The checkpoint says what was flushed; segments listed there must be there, in full length. Without one, everything is read.
/// 2. From the recovery point on every batch is verified. Producers, epochs and the index are brought forward on the way.
/// 3. A bad batch in a segment that has a successor, or before the flushed mark, was durable once: that is damage. Anywhere else
///    it is the torn tail of a write that nobody was told about, and is cut.
/// 4. What was not known to be durable is written and flushed again before anybody may read it: after a failed flush the system
///    shows pages that look written and never reached the disk.
/// </remarks>
internal sealed partial class LogRecovery
{
    private const int RewriteBytes = 1024 * 1024;

    private readonly FileLogContext _context;
    private readonly LogMarks _marks;
    private readonly LeaderEpoch _lastEpoch;
    private readonly Checkpoint? _checkpoint;
    private readonly LogListing _listing;
    private readonly LeaderEpochHistory _epochs;
    private readonly ProducerStates _producers;
    private readonly long _nowMs;

    /// <summary>Prepares a recovery.</summary>
    /// <param name="context">The log.</param>
    /// <param name="marks">Its marks; the log start may be read from them, the flushed mark is brought up to date.</param>
    /// <param name="lastEpoch">The epoch of the opening before; none when the marks were lost.</param>
    public LogRecovery(FileLogContext context, LogMarks marks, LeaderEpoch lastEpoch)
    {
        _context = context;
        _marks = marks;
        _lastEpoch = lastEpoch;
        _checkpoint = Checkpoint.TryRead(context.Files, context.Folder);
        _listing = LogListing.Read(context.Files, context.Folder);
        _epochs = new LeaderEpochHistory(_checkpoint?.Epochs ?? []);
        _producers = new ProducerStates(_checkpoint?.Producers ?? new Dictionary<long, ProducerState>());
        _nowMs = context.NowMs;
    }

    /// <summary>Runs the recovery.</summary>
    public RecoveredLog Run()
    {
        var plan = RecoveryPlan.Make(_context.Folder, _listing, _checkpoint, _marks, hasMarks: _lastEpoch != LeaderEpoch.None);
        if (plan is null)
        {
            return CreateNew();
        }

        if (_checkpoint is null)
        {
            LogCheckpointMissing(_context.Logger, _context.Partition);
        }

        List<Segment> segments = [.. plan.Sealed.Select(_context.CreateSegment)];
        var end = plan.ResumeOffset;
        foreach (var (baseOffset, size) in _listing.From(plan.Resume.BaseOffset))
        {
            var isResumed = baseOffset == plan.Resume.BaseOffset;
            if (!isResumed && baseOffset != end)
            {
                throw Missing(end, baseOffset);
            }

            var info = isResumed ? plan.Resume : new SegmentInfo(baseOffset, SizeInBytes: 0, MaxTimestampMs: -1, FirstAppendMs: -1);
            var segment = _context.CreateSegment(info);
            segments.Add(segment);
            var isLast = baseOffset == _listing.Last;
            end = Scan(segment, size, end, plan, isLast);
        }

        if (plan.LogStart > end)
        {
            throw segments[^1].Corrupt(segments[^1].SizeInBytes, $"the log ends at offset {end}, but its start was moved to {plan.LogStart}");
        }

        foreach (var leftover in plan.Leftovers)
        {
            FileLogBackend.DeleteFiles(_context, leftover);
        }

        _producers.Forget(_nowMs);
        _epochs.Trim(plan.LogStart);
        var state = new LogState(new LogBounds(new LogOffsets(plan.LogStart, end, end, end)), _epochs, _producers);
        return new RecoveredLog(
            segments, state, NeedsCheckpoint: !IsClean(plan, segments[^1]), _checkpoint is null ? Offset.Zero : plan.ResumeOffset);
    }

    private RecoveredLog CreateNew()
    {
        var segment = FileLogBackend.CreateSegment(_context, Offset.Zero);
        var offsets = new LogOffsets(Offset.Zero, Offset.Zero, Offset.Zero, Offset.Zero);
        return new RecoveredLog([segment], new LogState(new LogBounds(offsets), _epochs, _producers), NeedsCheckpoint: false, Checkpointed: Offset.Zero);
    }

    private bool IsClean(RecoveryPlan plan, Segment last) => _checkpoint is not null && plan.Leftovers.Count == 0
        && last.BaseOffset == plan.Resume.BaseOffset && last.SizeInBytes == plan.Resume.SizeInBytes
        && _listing.SizeOf(last.BaseOffset) == last.SizeInBytes;

    /// <summary>Verifies a segment from where it is known, brings everything forward, and leaves its end durable.</summary>
    /// <returns>The offset behind its last batch.</returns>
    private Offset Scan(Segment segment, long size, Offset expected, RecoveryPlan plan, bool isLast)
    {
        using var file = _context.Files.Open(segment.LogFile);
        var start = segment.SizeInBytes;
        segment.SetIndex(LoadIndex(segment, file));
        using var scanner = new BatchScanner(file, start, size, expected, checkIntegrity: true);
        string? problem = null;
        while (problem is null && scanner.MoveNext())
        {
            problem = Take(segment, scanner);
        }

        problem ??= scanner.Problem;
        if (!isLast)
        {
            if (problem is not null)
            {
                throw segment.Corrupt(segment.SizeInBytes, problem);
            }

            segment.TryWriteIndex();
            segment.TryClose();
            return scanner.NextOffset;
        }

        FinishLast(segment, file, size, start, problem);
        return problem is null || scanner.Problem is not null ? scanner.NextOffset : new Offset(scanner.Header.BaseOffset);
    }

    private string? Take(Segment segment, BatchScanner scanner)
    {
        var header = scanner.Header;
        var epoch = new LeaderEpoch(header.LeaderEpoch);
        if (epoch < _epochs.Latest || epoch < new LeaderEpoch(0) || (_lastEpoch != LeaderEpoch.None && epoch > _lastEpoch))
        {
            return $"the batch at offset {header.BaseOffset} has leader epoch {epoch}, which cannot be";
        }

        var offset = new Offset(header.BaseOffset);
        var arrivedMs = header.MaxTimestamp >= 0 ? Math.Min(header.MaxTimestamp, _nowMs) : _nowMs;
        segment.Append(new GroupBatch(offset, new Offset(header.LastOffset), header.MaxTimestamp, scanner.SizeInBytes), arrivedMs);
        _epochs.Record(epoch, offset);

        // As if just seen: the records' own times may be old, and forgetting the producer now would let a repeated batch in twice.
        _producers.BeginGroup();
        _producers.Record(header, offset, _nowMs);
        _producers.EndGroup(_nowMs);
        return null;
    }

    private void FinishLast(Segment segment, IFile file, long size, int start, string? problem)
    {
        var end = segment.SizeInBytes;
        var flushed = _marks.Flushed;
        if (flushed is { } beyond && beyond.BaseOffset > segment.BaseOffset)
        {
            throw Missing(new Offset(-1), beyond.BaseOffset);
        }

        var durable = flushed is { } mark && mark.BaseOffset == segment.BaseOffset ? mark.Position : start;
        if (end < durable)
        {
            throw segment.Corrupt(end, problem ?? $"the file ends there, and reached to byte {durable} before");
        }

        if (end < size)
        {
            LogTornTailCut(_context.Logger, size - end, segment.LogFile, end, problem);
            file.SetLength(end);
        }

        if (end == start && end == size && _checkpoint is not null)
        {
            return;
        }

        Rewrite(file, durable, end);
        file.Flush();

        // A crash right after a name was made leaves a name that works and is not durable.
        _context.Files.FlushDirectory(_context.Folder.Path);
        _context.Files.FlushDirectory(_context.Folder.Parent);
        _marks.NoteFlushed(new FlushedPosition(segment.BaseOffset, end));
    }

    private SegmentIndex LoadIndex(Segment segment, IFile file)
    {
        var known = segment.SizeInBytes;
        if (known == 0)
        {
            return new SegmentIndex();
        }

        var index = _context.Files.TryReadAll(segment.IndexFile) is { } bytes ? SegmentIndex.TryParse(bytes) : null;
        if (index is null)
        {
            LogIndexRebuilt(_context.Logger, segment.IndexFile);
            index = new SegmentIndex();
        }

        if (index.CoveredBytes > known)
        {
            index.TrimTo(known, segment.MaxTimestampMs);
        }
        else if (index.CoveredBytes < known)
        {
            segment.ExtendIndex(index, file, known);
        }

        return index;
    }

    private static void Rewrite(IFile file, long from, long to)
    {
        if (from == to)
        {
            return;
        }

        var buffer = new byte[(int)Math.Min(RewriteBytes, to - from)];
        while (from < to)
        {
            var read = file.ReadFully(buffer.AsSpan(0, (int)Math.Min(buffer.Length, to - from)), from);
            if (read == 0)
            {
                throw new IOException("The file became shorter while it was recovered.");
            }

            file.Write(buffer.AsSpan(0, read), from);
            from += read;
        }
    }

    private OrleansStreamException Missing(Offset from, Offset to) => new(
        ErrorCode.CorruptLog,
        from >= Offset.Zero && from < to
            ? $"In {_context.Folder.Path} a log file is missing: {_context.Folder.LogFile(from)}, with the offsets from {from} to {to}. Restore it from a backup, or delete the partition's records."
            : $"In {_context.Folder.Path} the log file {_context.Folder.LogFile(to)} does not fit behind the one before it, or is missing. Restore the folder from a backup.");

    [LoggerMessage(LogEvents.TornTailCut, LogLevel.Warning,
        "Cut {Bytes} bytes of unfinished, never acknowledged writes off {LogFile} at byte {Position}: {Problem}")]
    private static partial void LogTornTailCut(ILogger logger, long bytes, string logFile, long position, string? problem);

    [LoggerMessage(LogEvents.IndexRebuilt, LogLevel.Warning, "The index {IndexFile} was missing or damaged and is built again")]
    private static partial void LogIndexRebuilt(ILogger logger, string indexFile);

    [LoggerMessage(LogEvents.CheckpointMissing, LogLevel.Information, "{Partition} has no usable checkpoint; its whole log is verified")]
    private static partial void LogCheckpointMissing(ILogger logger, PartitionId partition);
}

/// <summary>A log as recovery leaves it.</summary>
/// <param name="Segments">Oldest first; the last is active and has its index.</param>
/// <param name="State">What the log knows.</param>
/// <param name="NeedsCheckpoint">True when the next recovery would have to do the same again.</param>
/// <param name="Checkpointed">The recovery point of the checkpoint on disk; zero when there is none.</param>
internal sealed record RecoveredLog(IReadOnlyList<Segment> Segments, LogState State, bool NeedsCheckpoint, Offset Checkpointed);
