using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansStream.Records;
using OrleansStream.Storage.Partitions;
using OrleansStream.Storage.Segments;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>
/// One open log in a database. Appends go through a <see cref="LogWriter"/> that it shares with other logs; everything else is
/// rare and takes a connection from the pool. Whatever changes the log carries its epoch.
/// </summary>
internal sealed partial class PostgresLogBackend : ILogBackend
{
    private readonly LogContext _context;
    private readonly LeaderEpoch _epoch;
    private readonly LogReader _reader;
    private readonly LogTail _tail = new();
    private volatile StoredSegment[] _segments;
    private Offset _checkpointed;

    /// <summary>Takes over what an opening found; the last segment is active.</summary>
    public PostgresLogBackend(LogContext context, LeaderEpoch epoch, LogReader reader, IReadOnlyList<StoredSegment> segments, Offset checkpointed)
    {
        _context = context;
        _epoch = epoch;
        _reader = reader;
        _segments = [.. segments];
        _checkpointed = checkpointed;
    }

    public IReadOnlyList<SegmentInfo> Segments => Array.ConvertAll(_segments, segment => segment.Info);

    public SegmentInfo ActiveSegment => _segments[^1].Info;

    public async ValueTask WriteAsync(AppendGroup group, bool flush)
    {
        var segments = _segments;
        var write = new LogWrite(_context.LogId, _epoch, group, segments is [.., var previous, _] ? previous : null, segments[^1], flush, _context.NowMs);
        var isCached = false;
        try
        {
            _context.Writer.Submit(write);
            await write.Task.ConfigureAwait(false);
            var begins = write.BeginsSegment && segments[^1].Extent != StoredSegment.None;
            _segments = begins ? [.. segments, write.Active] : [.. segments[..^1], write.Active];
            _context.Cache.Add(_tail, write.Batches);
            isCached = true;
        }
        finally
        {
            if (!isCached)
            {
                foreach (var batch in write.Batches)
                {
                    batch.Release();
                }
            }
        }
    }

    public ValueTask FlushAsync() => ExecuteAsync(
        "flushing",
        command =>
        {
            // Commits become durable in their order, so waiting for this one is waiting for all before it.
            command.CommandText =
                $"UPDATE {PostgresNames.Schema}.logs SET log_end = log_end WHERE log_id = $1 AND leader_epoch = $2 RETURNING {PostgresNames.WaitForCommit}";
        });

    public ValueTask RollAsync(LogState state)
    {
        // The database hears of it with the next append, which begins the new segment.
        _segments = [.. _segments, StoredSegment.Empty(state.Bounds.Current.LogEnd)];
        return default;
    }

    public async ValueTask CheckpointAsync(LogState state)
    {
        var offsets = state.Bounds.Current;
        if (offsets.RecoveryPoint == _checkpointed)
        {
            // Nothing was appended since, so nothing else can have changed.
            return;
        }

        state.Producers.Forget(_context.NowMs);
        var checkpoint = new Checkpoint(offsets.LogStart, offsets.RecoveryPoint, [], state.Epochs.Starts, state.Producers.States);
        await ExecuteAsync(
            "writing a checkpoint",
            command =>
            {
                command.CommandText =
                    $"""
                    INSERT INTO {PostgresNames.Schema}.checkpoints (log_id, recovery_point, state)
                    SELECT log_id, $3, $4 FROM {PostgresNames.Schema}.logs WHERE log_id = $1 AND leader_epoch = $2
                    ON CONFLICT (log_id) DO UPDATE SET recovery_point = excluded.recovery_point, state = excluded.state
                    RETURNING log_id
                    """;
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = offsets.RecoveryPoint.Value });
                command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = checkpoint.ToBytes() });
            }).ConfigureAwait(false);
        _checkpointed = offsets.RecoveryPoint;
    }

    public ValueTask SetLogStartAsync(Offset logStart) => ExecuteAsync(
        "moving the log start",
        command =>
        {
            command.CommandText =
                $"UPDATE {PostgresNames.Schema}.logs SET log_start = greatest(log_start, $3) WHERE log_id = $1 AND leader_epoch = $2 RETURNING {PostgresNames.WaitForCommit}";
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = logStart.Value });
        });

    public async ValueTask DeleteSegmentsAsync(Offset logStart)
    {
        var segments = _segments;
        var count = 0;

        // What the checkpoint does not know stays, because an opening learns about producers from it.
        var end = logStart < _checkpointed ? logStart : _checkpointed;
        while (count < segments.Length - 1 && segments[count + 1].Info.BaseOffset <= end)
        {
            count++;
        }

        if (count == 0)
        {
            return;
        }

        // Out of sight first, so that no read begins in an extent that is about to go.
        _segments = segments[count..];
        await ExecuteAsync(
            "deleting segments",
            command =>
            {
                command.CommandText =
                    $"""
                    WITH owned AS (SELECT log_id FROM {PostgresNames.Schema}.logs WHERE log_id = $1 AND leader_epoch = $2),
                    deleted AS (DELETE FROM {PostgresNames.Schema}.segments s USING owned WHERE s.log_id = owned.log_id AND s.base_offset < $3)
                    SELECT log_id FROM owned
                    """;
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = segments[count].Info.BaseOffset.Value });
            }).ConfigureAwait(false);
        SegmentsDeleted(_context.Logger, count, _context.Partition, logStart);
    }

    public async ValueTask<RecordBytes> ReadAsync(Offset offset, Offset end, int maxBytes, bool firstWhole, CancellationToken cancellationToken)
    {
        if (_tail.TryRead(offset, end, maxBytes, firstWhole) is { } cached)
        {
            return cached;
        }

        var segments = _segments;
        var found = FindSegment(segments, offset);
        var segment = segments[found];
        if (offset < segment.Info.BaseOffset)
        {
            throw Deleted(offset);
        }

        try
        {
            return await _context.Watch.AskAsync(
                token => _reader.ReadAsync(segment, offset, EndOf(segments, found, end), maxBytes, firstWhole, token), static unread => unread.Dispose(), cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException missing) when (LogErrors.IsMissingTable(missing))
        {
            throw Deleted(offset);
        }
        catch (Exception exception) when (LogErrors.IsDatabaseTrouble(exception))
        {
            throw LogErrors.Translate(exception, _context.Options.Name, $"reading {_context.Partition}");
        }
    }

    public async ValueTask<TimestampedOffset?> FindOffsetAsync(long timestampMs, Offset start, Offset end, CancellationToken cancellationToken)
    {
        var segments = _segments;
        for (var i = FindSegment(segments, start); i < segments.Length; i++)
        {
            if (segments[i].Extent == StoredSegment.None || segments[i].Info.MaxTimestampMs < timestampMs)
            {
                continue;
            }

            try
            {
                var (segment, endOfSegment) = (segments[i], EndOf(segments, i, end));
                if (await _context.Watch.AskAsync(
                    token => _reader.FindOffsetAsync(segment, timestampMs, start, endOfSegment, token), cancellationToken).ConfigureAwait(false) is { } found)
                {
                    return found;
                }
            }
            catch (PostgresException missing) when (LogErrors.IsMissingTable(missing))
            {
                // Retention came first, which deletes the oldest.
            }
            catch (Exception exception) when (LogErrors.IsDatabaseTrouble(exception))
            {
                throw LogErrors.Translate(exception, _context.Options.Name, $"looking for a time in {_context.Partition}");
            }
        }

        return null;
    }

    public ValueTask DisposeAsync()
    {
        _tail.Clear();
        return default;
    }

    /// <summary>Runs a statement that returns a row exactly when the epoch still holds.</summary>
    private async ValueTask ExecuteAsync(string doing, Action<NpgsqlCommand> prepare)
    {
        try
        {
            await using var command = _context.Database.CreateCommand();
            command.CommandTimeout = StatementLimit.None;
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = _context.LogId });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = _epoch.Value });
            prepare(command);
            var isOurs = await _context.Watch.AskAsync(
                async token =>
                {
                    await using var reader = await command.ExecuteReaderAsync(token).ConfigureAwait(false);
                    var hasRow = await reader.ReadAsync(token).ConfigureAwait(false);

                    // The row is there before the commit is: only the end of the results says that it succeeded.
                    await reader.NextResultAsync(token).ConfigureAwait(false);
                    return hasRow;
                },
                CancellationToken.None).ConfigureAwait(false);
            if (!isOurs)
            {
                throw LogErrors.Fenced(_context.LogId, _epoch);
            }
        }
        catch (Exception exception) when (LogErrors.IsDatabaseTrouble(exception))
        {
            throw LogErrors.Translate(exception, _context.Options.Name, $"{doing} of {_context.Partition}");
        }
    }

    private static int FindSegment(StoredSegment[] segments, Offset offset) =>
        OffsetSearch.FindLast<StoredSegment>(segments, offset, static segment => segment.Info.BaseOffset);

    private static Offset EndOf(StoredSegment[] segments, int i, Offset end) =>
        i + 1 < segments.Length && segments[i + 1].Info.BaseOffset < end ? segments[i + 1].Info.BaseOffset : end;

    private OrleansStreamException Deleted(Offset offset) =>
        new(ErrorCode.OffsetOutOfRange, $"Offset {offset} of {_context.Partition} was deleted.");

    [LoggerMessage(LogEvents.SegmentsDeleted, LogLevel.Information, "Deleted {Count} segments of {Partition}; the log starts at {LogStart}")]
    private static partial void SegmentsDeleted(ILogger logger, int count, PartitionId partition, Offset logStart);
}

/// <summary>What an open log in a database works with.</summary>
internal sealed record LogContext(
    PartitionId Partition, long LogId, NpgsqlDataSource Database, DatabaseWatch Watch, LogWriter Writer, TailCache Cache, PostgresLogStoreOptions Options, TimeProvider Time, ILogger Logger)
{
    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
