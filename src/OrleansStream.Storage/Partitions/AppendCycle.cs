using Microsoft.Extensions.Logging;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Partitions;

/// <summary>
/// Group commit. Everything that waited while the last flush ran becomes one write and one flush, so that the disk is never idle
/// and no timer is needed. Belongs to the log's turns.
/// </summary>
internal sealed partial class AppendCycle(PartitionLogContext context)
{
    private readonly ILogBackend _backend = context.Backend;
    private readonly LogState _state = context.State;
    private readonly AppendGroup _group = new();
    private long _bytesSinceCheckpoint;

    /// <summary>True while acknowledged appends wait for a background flush.</summary>
    public bool IsUnflushed => _state.Bounds.Current is var offsets && offsets.RecoveryPoint < offsets.LogEnd;

    /// <summary>
    /// Stores appends and answers them:
    /// 1. Judge: a batch is refused, recognised as repeated, or gets the next offsets. The state moves along, and can be undone.
    /// 2. Write all accepted batches at once and flush, as the flush mode says.
    /// 3. Move the offsets. Only now may anybody read the batches.
    /// 4. Answer. Repeated batches wait as well: what they repeat may lie in the same write.
    /// Where a segment ends, so does a write, and the rest makes up the next one.
    /// </summary>
    /// <param name="appends">In the order of their arrival.</param>
    /// <param name="configuration">The topic's settings.</param>
    /// <param name="highWatermarkMoved">Told after every write, with the high watermark.</param>
    public async ValueTask RunAsync(List<PendingAppend> appends, TopicConfiguration configuration, Action<Offset> highWatermarkMoved)
    {
        var answered = 0;
        var nowMs = context.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        try
        {
            BeginGroup();
            for (var i = 0; i < appends.Count; i++)
            {
                if (SegmentPolicy.MustRoll(_backend.ActiveSegment, _group.SizeInBytes, appends[i].Batch.Length, configuration, nowMs))
                {
                    await CommitAsync(configuration, nowMs).ConfigureAwait(false);
                    answered = Answer(appends, answered, i);
                    highWatermarkMoved(_state.Bounds.Current.HighWatermark);
                    await RollAsync().ConfigureAwait(false);
                    BeginGroup();
                }

                Judge(appends[i], nowMs);
            }

            await CommitAsync(configuration, nowMs).ConfigureAwait(false);
            answered = Answer(appends, answered, appends.Count);
            highWatermarkMoved(_state.Bounds.Current.HighWatermark);
        }
        catch (OrleansStreamException exception) when (exception.ErrorCode == ErrorCode.DiskFull)
        {
            UndoGroup(appends, answered, nowMs);
            LogDiskFull(context.Logger, context.Partition, exception.Message);
            Fail(appends, answered, AppendResult.Failed(ErrorCode.DiskFull, exception.Message));
        }
        catch (Exception exception)
        {
            var end = LogEnd.Failed(context.Partition, exception);
            Fail(appends, answered, AppendResult.Failed(end.Error, end.Message));
            throw;
        }
    }

    /// <summary>Closes the active segment, unless it is empty.</summary>
    public async ValueTask RollAsync()
    {
        if (_backend.ActiveSegment.SizeInBytes == 0)
        {
            return;
        }

        // Rolling flushes what it seals; the checkpoint lets the next opening begin behind it.
        await _backend.RollAsync(_state).ConfigureAwait(false);
        _state.Bounds.Flush();
        await CheckpointAsync().ConfigureAwait(false);
    }

    /// <summary>Flushes what was acknowledged without.</summary>
    public async ValueTask FlushAsync()
    {
        if (IsUnflushed)
        {
            await _backend.FlushAsync().ConfigureAwait(false);
            _state.Bounds.Flush();
        }
    }

    /// <summary>Bounds what the next recovery has to read.</summary>
    public async ValueTask CheckpointIfDueAsync()
    {
        if (_bytesSinceCheckpoint >= context.CheckpointBytes)
        {
            await FlushAsync().ConfigureAwait(false);
            await CheckpointAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Writes a checkpoint, if there is room for it.</summary>
    public async ValueTask CheckpointAsync()
    {
        try
        {
            await _backend.CheckpointAsync(_state).ConfigureAwait(false);
        }
        catch (OrleansStreamException exception) when (exception.ErrorCode == ErrorCode.DiskFull)
        {
            // Costs the next recovery some reading, and nobody a record. The next try is as far away as ever.
            LogCheckpointFailed(context.Logger, context.Partition, exception.Message);
        }

        _bytesSinceCheckpoint = 0;
    }

    /// <summary>Leaves a log that opens without reading its records.</summary>
    public async ValueTask CloseAsync()
    {
        await FlushAsync().ConfigureAwait(false);
        await CheckpointAsync().ConfigureAwait(false);
    }

    private void BeginGroup()
    {
        _group.Reset();
        _state.Producers.BeginGroup();
    }

    private void UndoGroup(List<PendingAppend> appends, int from, long nowMs)
    {
        _group.Reset();
        _state.Producers.RollBack();
        for (var i = from; i < appends.Count; i++)
        {
            _state.Producers.Await(appends[i].Header, nowMs);
        }
    }

    private void Judge(PendingAppend append, long nowMs)
    {
        var header = append.Header;
        var verdict = _state.Producers.Check(header, nowMs);
        if (verdict.Error != ErrorCode.None)
        {
            append.Result = AppendResult.Failed(verdict.Error, verdict.Message!);
        }
        else if (verdict.DuplicateOf.HasValue)
        {
            append.Result = new AppendResult(ErrorCode.None, verdict.DuplicateOf, IsDuplicate: true);
        }
        else
        {
            var baseOffset = _group.Batches is [.., var last] ? last.LastOffset + 1 : _state.Bounds.Current.LogEnd;
            _group.Add(append.Batch, header, baseOffset, context.LeaderEpoch);
            _state.Producers.Record(header, baseOffset, nowMs);
            append.Result = new AppendResult(ErrorCode.None, baseOffset, IsDuplicate: false);
        }
    }

    private async ValueTask CommitAsync(TopicConfiguration configuration, long nowMs)
    {
        if (_group.Batches.Count == 0)
        {
            return;
        }

        var flush = configuration.FlushMode == FlushMode.Fsync;
        await _backend.WriteAsync(_group, flush).ConfigureAwait(false);
        _bytesSinceCheckpoint += _group.SizeInBytes;
        _state.Producers.EndGroup(nowMs);
        _state.Epochs.Record(context.LeaderEpoch, _group.Batches[0].BaseOffset);
        _state.Bounds.Append(_group.Batches[^1].LastOffset + 1, isFlushed: flush);
        _group.Reset();
    }

    private static int Answer(List<PendingAppend> appends, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            appends[i].Complete();
        }

        return to;
    }

    private static void Fail(List<PendingAppend> appends, int from, AppendResult result)
    {
        for (var i = from; i < appends.Count; i++)
        {
            appends[i].Result = result;
            appends[i].Complete();
        }
    }

    [LoggerMessage(LogEvents.DiskFull, LogLevel.Error, "Appends to {Partition} are refused: {Reason}")]
    private static partial void LogDiskFull(ILogger logger, PartitionId partition, string reason);

    [LoggerMessage(LogEvents.CheckpointFailed, LogLevel.Warning, "The checkpoint of {Partition} could not be written: {Reason}")]
    private static partial void LogCheckpointFailed(ILogger logger, PartitionId partition, string reason);
}
