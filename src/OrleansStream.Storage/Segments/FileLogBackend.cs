using Microsoft.Extensions.Logging;
using OrleansStream.Records;
using OrleansStream.Storage.Files;
using OrleansStream.Storage.Partitions;

namespace OrleansStream.Storage.Segments;

/// <summary>One log's segments as files. Writing calls block and come from the log's turns; reads may come from anybody.</summary>
internal sealed partial class FileLogBackend : ILogBackend
{
    private readonly FileLogContext _context;
    private readonly LogMarks _marks;
    private readonly ReadHints _hints = new();
    private volatile Segment[] _segments;
    private Segment _active;
    private IFile _activeFile;
    private Offset _checkpointed;

    /// <summary>Takes over what recovery found; the last segment is active and has its index.</summary>
    public FileLogBackend(FileLogContext context, LogMarks marks, RecoveredLog recovered)
    {
        _context = context;
        _marks = marks;
        _segments = [.. recovered.Segments];
        _checkpointed = recovered.Checkpointed;
        _active = _segments[^1];
        _activeFile = _active.Pin();
    }

    public IReadOnlyList<SegmentInfo> Segments => Array.ConvertAll(_segments, segment => segment.Info);

    public SegmentInfo ActiveSegment => _active.Info;

    public ValueTask WriteAsync(AppendGroup group, bool flush)
    {
        var position = _active.SizeInBytes;
        try
        {
            _activeFile.Write(group.Buffers, position);
        }
        catch (IOException exception)
        {
            UndoWrite(position, exception);
            throw DiskErrors.Translate(exception, $"appending to {_active.LogFile}");
        }

        var nowMs = _context.NowMs;
        foreach (var batch in group.Batches)
        {
            _active.Append(batch, nowMs);
        }

        _hints.Add(group.Batches[^1].LastOffset + 1, _active.BaseOffset, _active.SizeInBytes);
        if (flush)
        {
            Flush();
        }

        return default;
    }

    public ValueTask FlushAsync()
    {
        Flush();
        return default;
    }

    /// <summary>
    /// Order that survives a crash: the old segment is durable before the next one exists. So whenever a segment has a successor,
    /// it is whole, and damage in it is damage.
    /// </summary>
    public ValueTask RollAsync(LogState state)
    {
        Flush();
        _active.TryWriteIndex();
        var next = CreateSegment(_context, state.Bounds.Current.LogEnd);
        _active.Unpin();
        _active = next;
        _activeFile = next.Pin();
        _segments = [.. _segments, next];
        return default;
    }

    public ValueTask CheckpointAsync(LogState state)
    {
        WriteCheckpoint(state);
        return default;
    }

    public ValueTask SetLogStartAsync(Offset logStart)
    {
        Guard(() => _marks.SetLogStart(logStart), "moving the log start");
        return default;
    }

    public ValueTask DeleteSegmentsAsync(Offset logStart)
    {
        var segments = _segments;
        var count = 0;

        // What the checkpoint does not know stays, because a recovery learns about producers from it.
        var end = logStart < _checkpointed ? logStart : _checkpointed;
        while (count < segments.Length - 1 && segments[count + 1].BaseOffset <= end)
        {
            count++;
        }

        if (count > 0)
        {
            // Out of sight first, so that no read begins in a file that is about to go. Oldest first, so that a crash leaves no gap.
            _segments = segments[count..];
            foreach (var segment in segments[..count])
            {
                segment.Retire();
                Guard(() => DeleteFiles(_context, segment.BaseOffset), $"deleting {segment.LogFile}");
            }

            LogSegmentsDeleted(_context.Logger, count, _context.Partition, logStart);
        }

        return default;
    }

    public ValueTask<RecordBytes> ReadAsync(Offset offset, Offset end, int maxBytes, bool firstWhole, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var segments = _segments;
        var segment = segments[FindSegment(segments, offset)];
        if (offset < segment.BaseOffset || !segment.TryAcquire(out var file))
        {
            throw new OrleansStreamException(ErrorCode.OffsetOutOfRange, $"Offset {offset} of {_context.Partition} was deleted, or the log was closed.");
        }

        try
        {
            return new(new SegmentReader(segment, file, _hints, NoteRebuilt).Read(offset, end, maxBytes, firstWhole));
        }
        catch (IOException exception)
        {
            throw DiskErrors.Translate(exception, $"reading {segment.LogFile}");
        }
        finally
        {
            segment.Release();
        }
    }

    public ValueTask<TimestampedOffset?> FindOffsetAsync(long timestampMs, Offset start, Offset end, CancellationToken cancellationToken)
    {
        var segments = _segments;
        for (var i = FindSegment(segments, start); i < segments.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var segment = segments[i];
            if (segment.MaxTimestampMs < timestampMs || !segment.TryAcquire(out var file))
            {
                // Every record in it is older; or retention came first, which deletes the oldest.
                continue;
            }

            try
            {
                if (new SegmentReader(segment, file, _hints, NoteRebuilt).FindOffset(timestampMs, start, end) is { } found)
                {
                    return new(found);
                }
            }
            catch (IOException exception)
            {
                throw DiskErrors.Translate(exception, $"reading {segment.LogFile}");
            }
            finally
            {
                segment.Release();
            }
        }

        return new((TimestampedOffset?)null);
    }

    public ValueTask DisposeAsync()
    {
        foreach (var segment in _segments)
        {
            if (segment == _active)
            {
                segment.Release();
            }

            segment.Retire();
        }

        _marks.Dispose();
        return default;
    }

    /// <summary>Creates an empty segment, whose name is durable on return.</summary>
    public static Segment CreateSegment(FileLogContext context, Offset baseOffset)
    {
        var segment = context.CreateSegment(new SegmentInfo(baseOffset, SizeInBytes: 0, MaxTimestampMs: -1, FirstAppendMs: -1));
        Guard(
            () =>
            {
                using (context.Files.OpenOrCreate(segment.LogFile))
                {
                }

                context.Files.FlushDirectory(context.Folder.Path);
            },
            $"creating {segment.LogFile}");
        segment.SetIndex(new SegmentIndex());
        return segment;
    }

    /// <summary>Deletes a segment's files. The log goes first: an index without a log is nothing, a log without an index is whole.</summary>
    public static void DeleteFiles(FileLogContext context, Offset baseOffset)
    {
        context.Files.DeleteFile(context.Folder.LogFile(baseOffset));
        context.Files.DeleteFile(context.Folder.IndexFile(baseOffset));
    }

    private void WriteCheckpoint(LogState state)
    {
        _active.TryWriteIndex();
        state.Producers.Forget(_context.NowMs);
        var offsets = state.Bounds.Current;
        var checkpoint = new Checkpoint(offsets.LogStart, offsets.RecoveryPoint, Segments, state.Epochs.Starts, state.Producers.States);
        Guard(() => checkpoint.Write(_context.Files, _context.Folder), "writing the checkpoint");
        _checkpointed = offsets.RecoveryPoint;
    }

    private void Flush()
    {
        try
        {
            _activeFile.Flush();
        }
        catch (IOException exception)
        {
            // Never as a full disk: what was written may be lost although it looks stored, so the log must not go on.
            throw new OrleansStreamException(
                ErrorCode.StorageError, $"The disk refused to make {_active.LogFile} durable: {exception.Message}", exception);
        }

        try
        {
            _marks.NoteFlushed(new FlushedPosition(_active.BaseOffset, _active.SizeInBytes));
        }
        catch (IOException exception) when (DiskErrors.IsDiskFull(exception))
        {
            // The mark found later is an older one, and true as well.
        }
        catch (IOException exception)
        {
            throw DiskErrors.Translate(exception, $"noting the flush in {_context.Folder.Marks}");
        }
    }

    // Without room nothing is wrong with the log as long as it ends where it did before.
    private void UndoWrite(int position, IOException cause)
    {
        if (!DiskErrors.IsDiskFull(cause))
        {
            return;
        }

        try
        {
            _activeFile.SetLength(position);
        }
        catch (IOException exception)
        {
            throw new OrleansStreamException(
                ErrorCode.StorageError, $"The disk is full, and {_active.LogFile} could not be cut back: {exception.Message}", exception);
        }
    }

    private static int FindSegment(Segment[] segments, Offset offset) =>
        OffsetSearch.FindLast<Segment>(segments, offset, static segment => segment.BaseOffset);

    private static void Guard(Action action, string doing)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (DiskErrors.IsDiskTrouble(exception))
        {
            throw DiskErrors.Translate(exception, doing);
        }
    }

    private void NoteRebuilt(Segment segment) => LogIndexRebuilt(_context.Logger, segment.IndexFile);

    [LoggerMessage(LogEvents.SegmentsDeleted, LogLevel.Information, "Deleted {Count} segments of {Partition}; the log starts at {LogStart}")]
    private static partial void LogSegmentsDeleted(ILogger logger, int count, PartitionId partition, Offset logStart);

    [LoggerMessage(LogEvents.IndexRebuilt, LogLevel.Warning, "The index {IndexFile} was missing or damaged and is built again")]
    private static partial void LogIndexRebuilt(ILogger logger, string indexFile);
}
