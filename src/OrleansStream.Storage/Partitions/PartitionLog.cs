using Microsoft.Extensions.Logging;
using OrleansStream.Records;
using OrleansStream.Storage.Scheduling;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Partitions;

/// <summary>
/// An open log, whatever it is stored in: the public face, its turns, and its end. Callers only check and queue; everything that
/// changes the log happens in turns, one at a time, on the scheduler's threads (see <see cref="AppendCycle"/>). Any failure but a
/// full disk ends the log: first reason wins, waiters are refused with it, and the backend is closed after the running turn.
/// </summary>
internal sealed partial class PartitionLog : IPartitionLog, ILogWork
{
    private readonly PartitionLogContext _context;
    private readonly ILogBackend _backend;
    private readonly LogState _state;
    private readonly AppendCycle _cycle;
    private readonly LogInbox _inbox = new();
    private readonly List<PendingAppend> _taken = [];
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _backgroundFlush;
    private Offset _announced;
    private bool _isFlushArmed;
    private volatile TopicConfiguration _configuration;
    private volatile LogEnd? _end;

    public PartitionLog(PartitionLogContext context, TopicConfiguration configuration)
    {
        _context = context;
        _backend = context.Backend;
        _state = context.State;
        _configuration = configuration;
        _cycle = new AppendCycle(context);
        _announced = Offsets.HighWatermark;
    }

    public event Action<Offset>? HighWatermarkMoved;

    public PartitionId Partition => _context.Partition;

    public LeaderEpoch LeaderEpoch => _context.LeaderEpoch;

    public LogOffsets Offsets => _state.Bounds.Current;

    public Task Completion => _completion.Task;

    public ValueTask<AppendResult> AppendAsync(ReadOnlyMemory<byte> batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_end is { } end)
        {
            return new(AppendResult.Failed(end.Error, end.Message));
        }

        // The checksum is the dearest check by far; here it runs on as many processors as there are producers.
        var configuration = _configuration;
        var error = RecordBatchValidation.Check(batch.Span, configuration.MaxBatchBytes, out var problem);
        if (error != ErrorCode.None)
        {
            return new(AppendResult.Failed(error, problem!));
        }

        var append = new PendingAppend(batch);
        var ahead = append.Header.MaxTimestamp - _context.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        if (ahead > configuration.MaxTimestampAhead.TotalMilliseconds)
        {
            return new(AppendResult.Failed(
                ErrorCode.InvalidTimestamp,
                $"A record's timestamp is {ahead} ms ahead of the server's clock; {configuration.MaxTimestampAhead.TotalMilliseconds} ms are allowed. Check the producer's clock."));
        }

        append.WithdrawOn(cancellationToken);
        Post(append);
        return new(append.Task);
    }

    public ValueTask<RecordBytes> ReadAsync(Offset offset, int maxBytes, bool firstWhole, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        var offsets = Offsets;
        if (offset < offsets.LogStart || offset > offsets.HighWatermark)
        {
            throw new OrleansStreamException(
                ErrorCode.OffsetOutOfRange,
                $"Offset {offset} of {Partition} cannot be read; the log reaches from {offsets.LogStart} to {offsets.HighWatermark}.");
        }

        return offset == offsets.HighWatermark
            ? new(RecordBytes.Empty)
            : _backend.ReadAsync(offset, offsets.HighWatermark, maxBytes, firstWhole, cancellationToken);
    }

    public ValueTask<TimestampedOffset?> FindOffsetAsync(long timestampMs, CancellationToken cancellationToken)
    {
        ThrowIfEnded();
        var offsets = Offsets;
        return _backend.FindOffsetAsync(timestampMs, offsets.LogStart, offsets.HighWatermark, cancellationToken);
    }

    public (LeaderEpoch Epoch, Offset EndOffset)? FindEpochEnd(LeaderEpoch epoch) => _state.Epochs.FindEnd(epoch, Offsets.LogEnd);

    public ValueTask RollAsync(CancellationToken cancellationToken) => RunCommandAsync(() => _cycle.RollAsync(), cancellationToken);

    public ValueTask ApplyRetentionAsync(CancellationToken cancellationToken) => RunCommandAsync(
        () => TrimAsync(SegmentPolicy.FindRetainedStart(
            _backend.Segments, Offsets.LogStart, _configuration, _context.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds())),
        cancellationToken);

    public async ValueTask<Offset> DeleteRecordsAsync(Offset before, CancellationToken cancellationToken)
    {
        await RunCommandAsync(() => TrimAsync(before), cancellationToken).ConfigureAwait(false);
        return Offsets.LogStart;
    }

    public void Reconfigure(TopicConfiguration configuration) => _configuration = configuration;

    public LogDescription Describe()
    {
        var segments = _backend.Segments;
        return new LogDescription(LeaderEpoch, Offsets, segments.Sum(segment => (long)segment.SizeInBytes), segments.Count);
    }

    public async ValueTask<IReadOnlyList<RememberedProducer>> ListProducersAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<RememberedProducer> known = [];
        await RunCommandAsync(
            () =>
            {
                known = [.. _state.Producers.States.OrderBy(pair => pair.Key).Select(pair => new RememberedProducer(
                    pair.Key,
                    pair.Value.ProducerEpoch,
                    pair.Value.Batches.IsEmpty ? -1 : pair.Value.Batches[^1].LastSequence,
                    DateTimeOffset.FromUnixTimeMilliseconds(pair.Value.LastSeenMs)))];
                return ValueTask.CompletedTask;
            },
            cancellationToken).ConfigureAwait(false);
        return known;
    }

    public IReadOnlyList<SegmentDescription> DescribeSegments()
    {
        var segments = _backend.Segments;
        return
        [
            .. segments.Select((segment, index) => new SegmentDescription(
                segment.BaseOffset, segment.SizeInBytes, Time(segment.FirstAppendMs), Time(segment.MaxTimestampMs), index == segments.Count - 1)),
        ];

        static DateTimeOffset? Time(long milliseconds) => milliseconds < 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }

    public async ValueTask DisposeAsync()
    {
        Post(new LogCommand(async () =>
        {
            await _cycle.CloseAsync().ConfigureAwait(false);
            End(LogEnd.Closed(Partition));
        }));
        await _completion.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Has the state written soon, so that the next opening need not find out again what this one did.</summary>
    public void RequestCheckpoint() => Post(new LogCommand(async () =>
    {
        await _cycle.CheckpointAsync().ConfigureAwait(false);
        await _backend.DeleteSegmentsAsync(Offsets.LogStart).ConfigureAwait(false);
    }));

    /// <summary>Ends the log for a reason that comes from outside, and returns when its files are closed.</summary>
    public async Task EndAsync(LogEnd end)
    {
        End(end);
        await _completion.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    void ILogWork.Run() => _ = RunTurnAsync();

    private async Task RunTurnAsync()
    {
        try
        {
            if (_end is null)
            {
                await TakeTurnAsync().ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // The one door: whatever it was, the log ends, and an opening finds out what is stored.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            End(LogEnd.Failed(Partition, exception));
        }

        if (_end is { } end)
        {
            await FinishAsync(end).ConfigureAwait(false);
        }
        else if (_inbox.EndTurn(wantsAnother: () => _end is not null))
        {
            _context.Scheduler.Schedule(this);
        }
    }

    private async ValueTask TakeTurnAsync()
    {
        if (_inbox.Take(_taken, _context.MaxGroupBytes) is { } command)
        {
            await command.RunAsync().ConfigureAwait(false);
            return;
        }

        if (_taken.Count == 0)
        {
            return;
        }

        try
        {
            await _cycle.RunAsync(_taken, _configuration, RaiseHighWatermarkMoved).ConfigureAwait(false);
        }
        finally
        {
            _taken.Clear();
        }

        if (_cycle.IsUnflushed)
        {
            ArmBackgroundFlush();
        }

        await _cycle.CheckpointIfDueAsync().ConfigureAwait(false);
    }

    private void ArmBackgroundFlush()
    {
        if (_isFlushArmed)
        {
            return;
        }

        _isFlushArmed = true;
        _backgroundFlush ??= _context.TimeProvider.CreateTimer(
            static log => ((PartitionLog)log!).Post(new LogCommand(((PartitionLog)log).FlushInBackgroundAsync)),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        _backgroundFlush.Change(_context.BackgroundFlushInterval, Timeout.InfiniteTimeSpan);
    }

    private ValueTask FlushInBackgroundAsync()
    {
        _isFlushArmed = false;
        return _cycle.FlushAsync();
    }

    /// <summary>
    /// Order that survives a crash: what the start moves over is flushed, or the log would end before its start; a checkpoint
    /// keeps what a recovery would learn from the segments that go; the new start is durable; readers see it; the segments go.
    /// A crash in between leaves segments that the next opening recognises by the start and deletes.
    /// </summary>
    private async ValueTask TrimAsync(Offset logStart)
    {
        var offsets = Offsets;
        if (logStart > offsets.HighWatermark)
        {
            throw new OrleansStreamException(
                ErrorCode.OffsetOutOfRange,
                $"Records of {Partition} can be deleted up to {offsets.HighWatermark}, not up to {logStart}.");
        }

        if (logStart <= offsets.LogStart)
        {
            return;
        }

        await _cycle.FlushAsync().ConfigureAwait(false);
        if (_backend.Segments is [_, var second, ..] && second.BaseOffset <= logStart)
        {
            await _cycle.CheckpointAsync().ConfigureAwait(false);
        }

        await _backend.SetLogStartAsync(logStart).ConfigureAwait(false);
        _state.Bounds.Trim(logStart);
        _state.Epochs.Trim(logStart);
        await _backend.DeleteSegmentsAsync(logStart).ConfigureAwait(false);
    }

    private async ValueTask RunCommandAsync(Func<ValueTask> action, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var command = new LogCommand(action);
        Post(command);
        await command.Task.ConfigureAwait(false);
    }

    private void Post(LogEntry entry)
    {
        if (!_inbox.TryPost(entry, out var needsTurn))
        {
            entry.Refuse(_end!);
        }
        else if (needsTurn)
        {
            _context.Scheduler.Schedule(this);
        }
    }

    private void RaiseHighWatermarkMoved(Offset highWatermark)
    {
        if (highWatermark > _announced)
        {
            _announced = highWatermark;
            HighWatermarkMoved?.Invoke(highWatermark);
        }
    }

    private void ThrowIfEnded()
    {
        if (_end is { } end)
        {
            throw end.ToException();
        }
    }

    private void End(LogEnd end)
    {
        if (Interlocked.CompareExchange(ref _end, end, null) is null && _inbox.RequestTurn())
        {
            _context.Scheduler.Schedule(this);
        }
    }

    private async ValueTask FinishAsync(LogEnd end)
    {
        foreach (var entry in _inbox.Close())
        {
            entry.Refuse(end);
        }

        if (_backgroundFlush is not null)
        {
            await _backgroundFlush.DisposeAsync().ConfigureAwait(false);
        }

        try
        {
            await _backend.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OrleansStreamException)
        {
            // The log is over either way, and the first reason is the one that counts.
            LogEnded(_context.Logger, Partition, LeaderEpoch, exception.Message);
        }

        if (end.IsOrderly)
        {
            LogClosed(_context.Logger, Partition, LeaderEpoch);
            _completion.SetResult();
            return;
        }

        if (end.Cause is not null)
        {
            LogFailed(_context.Logger, Partition, LeaderEpoch, end.Message, end.Cause);
        }
        else
        {
            LogEnded(_context.Logger, Partition, LeaderEpoch, end.Message);
        }

        _completion.SetException(end.ToException());
        _ = _completion.Task.Exception;
    }

    [LoggerMessage(LogEvents.LogClosed, LogLevel.Debug, "Closed the log of {Partition} at epoch {LeaderEpoch}.")]
    private static partial void LogClosed(ILogger logger, PartitionId partition, LeaderEpoch leaderEpoch);

    [LoggerMessage(LogEvents.LogEnded, LogLevel.Information, "The log of {Partition} at epoch {LeaderEpoch} ended: {Reason}")]
    private static partial void LogEnded(ILogger logger, PartitionId partition, LeaderEpoch leaderEpoch, string reason);

    [LoggerMessage(LogEvents.LogFailed, LogLevel.Error, "The log of {Partition} at epoch {LeaderEpoch} failed: {Reason}")]
    private static partial void LogFailed(ILogger logger, PartitionId partition, LeaderEpoch leaderEpoch, string reason, Exception exception);
}
