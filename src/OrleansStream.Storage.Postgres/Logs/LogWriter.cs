using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>
/// Group commit over the logs of a store: one connection, one transaction at a time. Whatever logs want stored while a
/// transaction runs makes up the next one, so the disk is never idle and no timer is needed.
/// </summary>
/// <remarks>
/// A transaction whose connection breaks has an unknown outcome. The writer connects again and looks: a log whose end is where
/// the write would have moved it, under the same epoch, has the write; one whose end is where it was gets it now; any other was
/// taken over. So an outage that is shorter than <see cref="PostgresLogStoreOptions.OutageTimeout"/> costs time and nothing else.
/// </remarks>
internal sealed partial class LogWriter : IAsyncDisposable
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(500);

    private readonly Channel<LogWrite> _queue = Channel.CreateUnbounded<LogWrite>(new UnboundedChannelOptions { SingleReader = true });
    private readonly List<LogWrite> _taken = [];
    private readonly HashSet<long> _stored = [];
    private readonly PostgresLogStoreOptions _options;
    private readonly NpgsqlDataSource _database;
    private readonly DatabaseWatch _watch;
    private readonly ILogger _logger;
    private readonly Task _loop;
    private WriterSession? _session;

    /// <summary>True while an earlier attempt at the writes at hand may have stored them.</summary>
    private bool _isUnknown;
    private int _extent;

    /// <summary>Makes a writer, which connects when there is something to write.</summary>
    public LogWriter(PostgresLogStoreOptions options, NpgsqlDataSource database, DatabaseWatch watch, ILogger logger)
    {
        _options = options;
        _database = database;
        _watch = watch;
        _logger = logger;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>The extent that it writes to; <see cref="StoredSegment.None"/> at the beginning and after an outage.</summary>
    public int Extent => Volatile.Read(ref _extent);

    /// <summary>Stores a write, whose task tells when.</summary>
    public void Submit(LogWrite write)
    {
        if (!_queue.Writer.TryWrite(write))
        {
            write.Fail(new OrleansStreamException(ErrorCode.StorageError, "The store is closed."));
        }
    }

    /// <summary>Finishes what was submitted, then closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
        await CloseSessionAsync().ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            Take();
            try
            {
                await StoreAsync().ConfigureAwait(false);
            }
#pragma warning disable CA1031 // The one door: whatever it was, those who wait are told, and the writer goes on.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                await CloseSessionAsync().ConfigureAwait(false);
                FailAll(LogErrors.Translate(exception, _options.Name, "appending"));
            }

            _isUnknown = false;
            _taken.Clear();
        }
    }

    private void Take()
    {
        long bytes = 0;
        while (_queue.Reader.TryPeek(out var write) && (_taken.Count == 0 || bytes + write.Group.SizeInBytes <= _options.MaxTransactionBytes))
        {
            _queue.Reader.TryRead(out _);
            _taken.Add(write);
            bytes += write.Group.SizeInBytes;
        }

        // Two silos that believe in the same logs lock their rows in one order, and neither waits for the other in a circle.
        _taken.Sort(static (left, right) => left.LogId.CompareTo(right.LogId));
    }

    private async Task StoreAsync()
    {
        var started = TimeProvider.System.GetTimestamp();
        var pause = s_firstPause;
        while (_taken.Count > 0)
        {
            try
            {
                if (_isUnknown)
                {
                    await FindOutAsync().ConfigureAwait(false);
                    _isUnknown = false;
                    continue;
                }

                await AppendAsync().ConfigureAwait(false);

                // What was not stored was taken over, or was stored before by a transaction that had seemed lost.
                _isUnknown = _taken.Count > 0;
            }
            catch (Exception exception) when (LogErrors.IsCollision(exception))
            {
                CollisionRetried(_options.Name, exception.Message);
            }
            catch (Exception exception) when (LogErrors.IsOutage(exception) || LogErrors.IsMissingTable(exception))
            {
                await CloseSessionAsync().ConfigureAwait(false);
                if (TimeProvider.System.GetElapsedTime(started) > _options.OutageTimeout)
                {
                    throw;
                }

                OutageRetried(_options.Name, exception.Message);
                _isUnknown = true;
                await Task.Delay(pause).ConfigureAwait(false);
                pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
            }
        }
    }

    private async Task AppendAsync()
    {
        var session = await OpenSessionAsync().ConfigureAwait(false);
        foreach (var write in _taken)
        {
            write.Place(session.Extent);
        }

        _stored.Clear();
        await LimitAsync(token => session.AppendAsync(_taken, _stored, token)).ConfigureAwait(false);
        CompleteWhere(write => _stored.Contains(write.LogId));
    }

    /// <summary>
    /// Finds out what became of writes whose transaction gave no answer for them. Their rows are rewritten for that: so it waits for
    /// a transaction that still runs, and what it finds is as durable, on a standby too, as an ordinary commit makes it.
    /// </summary>
    private async Task FindOutAsync()
    {
        var found = new Dictionary<long, (int Epoch, long End)>();
        await LimitAsync(token => TouchAsync(found, token)).ConfigureAwait(false);
        CompleteWhere(write => found.TryGetValue(write.LogId, out var log) && log == (write.Epoch.Value, write.NewEnd.Value));
        foreach (var write in _taken)
        {
            if (!found.TryGetValue(write.LogId, out var log) || log != (write.Epoch.Value, write.OldEnd.Value))
            {
                write.Fail(log.Epoch == write.Epoch.Value && found.ContainsKey(write.LogId)
                    ? new OrleansStreamException(
                        ErrorCode.StorageError,
                        $"Log {write.LogId} ends at {log.End} in the database of store '{_options.Name}', and at {write.OldEnd} for its owner: the database was set back, or lost what it had confirmed.")
                    : LogErrors.Fenced(write.LogId, write.Epoch));
            }
        }

        _taken.RemoveAll(write => write.Task.IsCompleted);
    }

    /// <summary>Rewrites the rows of the logs at hand as they are.</summary>
    private async Task TouchAsync(Dictionary<long, (int Epoch, long End)> found, CancellationToken cancellationToken)
    {
        await using var command = _database.CreateCommand(
            $"UPDATE {PostgresNames.Schema}.logs SET log_end = log_end WHERE log_id = ANY ($1) RETURNING log_id, leader_epoch, log_end, {PostgresNames.WaitForCommit}");
        command.CommandTimeout = StatementLimit.None;
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. _taken.Select(write => write.LogId)] });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            found.Add(reader.GetInt64(0), (reader.GetInt32(1), reader.GetInt64(2)));
        }

        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Gives a statement its time. Not less, even when it is clear that the database does not answer: batches may be let go of only
    /// when the driver has let go of the connection that may still be sending them.
    /// </summary>
    private Task<bool> LimitAsync(Func<CancellationToken, Task> execute) => _watch.RunAsync(
        token => StatementLimit.RunAsync(
            _options.StatementTimeout,
            async limited =>
            {
                await execute(limited).ConfigureAwait(false);
                return true;
            },
            token),
        CancellationToken.None);

    private void CompleteWhere(Predicate<LogWrite> isStored)
    {
        _taken.RemoveAll(write =>
        {
            if (!isStored(write))
            {
                return false;
            }

            write.Complete();
            return true;
        });
    }

    private async Task<WriterSession> OpenSessionAsync()
    {
        if (_session is { IsFull: true })
        {
            await CloseSessionAsync().ConfigureAwait(false);
        }

        if (_session is null)
        {
            await LimitAsync(async token => _session = await WriterSession.OpenAsync(_database, _options, token).ConfigureAwait(false)).ConfigureAwait(false);
        }

        Volatile.Write(ref _extent, _session!.Extent);
        return _session;
    }

    private async Task CloseSessionAsync()
    {
        Volatile.Write(ref _extent, StoredSegment.None);
        if (_session is { } session)
        {
            _session = null;
            await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void FailAll(OrleansStreamException exception)
    {
        // A full disk promises that nothing was stored, which is more than is known after a lost answer.
        var error = _isUnknown ? ErrorCode.StorageError : exception.ErrorCode;
        foreach (var write in _taken)
        {
            write.Fail(new OrleansStreamException(error, exception.Message, exception.InnerException));
        }
    }

    [LoggerMessage(LogEvents.OutageRetried, LogLevel.Warning, "The database of store '{Store}' did not take an append and is tried again: {Reason}")]
    private partial void OutageRetried(string store, string reason);

    [LoggerMessage(LogEvents.CollisionRetried, LogLevel.Debug, "An append to store '{Store}' collided with another one and is tried again: {Reason}")]
    private partial void CollisionRetried(string store, string reason);
}
