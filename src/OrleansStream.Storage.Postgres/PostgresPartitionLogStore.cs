using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansStream.Storage.Partitions;
using OrleansStream.Storage.Postgres.Logs;
using OrleansStream.Storage.Scheduling;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Postgres;

/// <summary>
/// Logs as rows of a PostgreSQL database, for as many silos as can reach it. Appends of all logs share transactions; every one is
/// fenced by its log's leader epoch in the same transaction. The tables are those of <c>db/logs</c>, and have to be there.
/// </summary>
/// <remarks>
/// Its <see cref="TimeProvider"/> is the clock of segments and retention. Waiting for an unreachable database goes by real time.
/// </remarks>
public sealed partial class PostgresPartitionLogStore : IPartitionLogStore
{
    /// <summary>How long a store that is closed waits for what is under way. A database that answers needs a fraction.</summary>
    private static readonly TimeSpan s_closePatience = TimeSpan.FromSeconds(5);

    /// <summary>The same, when it is known that the database does not answer.</summary>
    private static readonly TimeSpan s_closePatienceWhenDown = TimeSpan.FromSeconds(1);

    private readonly PostgresLogStoreOptions _options;
    private readonly NpgsqlDataSource _database;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DatabaseWatch _watch;
    private readonly LogWriter[] _writers;
    private readonly TailCache _cache;
    private readonly LogOpening _opening;
    private readonly LogTables _tables;
    private readonly PartitionGates _gates = new();
    private readonly ConcurrentDictionary<PartitionId, OpenLog> _open = new();
    private readonly LogHousekeeping _housekeeping;
    private readonly Func<CancellationToken, Task>? _prepare;
    private volatile bool _isPrepared;
    private volatile bool _isDisposed;

    /// <summary>Makes a store over a database, which stays the caller's and must outlive it. Nothing is touched before the first call.</summary>
    public PostgresPartitionLogStore(PostgresLogStoreOptions options, NpgsqlDataSource database, TimeProvider timeProvider, ILoggerFactory loggerFactory)
        : this(options, database, timeProvider, loggerFactory, prepare: null)
    {
    }

    /// <summary>With something to do once, before anything else, that may fail and is then tried again: making the tables.</summary>
    internal PostgresPartitionLogStore(
        PostgresLogStoreOptions options,
        NpgsqlDataSource database,
        TimeProvider timeProvider,
        ILoggerFactory loggerFactory,
        Func<CancellationToken, Task>? prepare)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Writers, 1);
        _options = options;
        _database = database;
        _time = timeProvider;
        _prepare = prepare;
        _logger = loggerFactory.CreateLogger<PostgresPartitionLogStore>();
        _watch = new DatabaseWatch($"The database of store '{options.Name}'", options.StatementTimeout, database, _logger);
        _writers = [.. Enumerable.Range(0, options.Writers).Select(_ => new LogWriter(options, database, _watch, _logger))];
        _cache = new TailCache(options.TailCacheBytes);
        _opening = new LogOpening(options, database);
        _tables = new LogTables(database);
        _housekeeping = new LogHousekeeping(options, database, _watch, () => _open.Values.Select(open => open.Claim).ToArray(), EndFencedAsync, _logger);
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <inheritdoc/>
    public async ValueTask<IPartitionLog> OpenAsync(PartitionId partition, TopicConfiguration configuration, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(partition, cancellationToken).ConfigureAwait(false);
        if (_isDisposed)
        {
            throw new OrleansStreamException(ErrorCode.StorageError, $"The log of {partition} cannot be opened because its store is closed.");
        }

        return await GuardAsync(
            $"opening {partition}",
            ask => _watch.AskAtLengthAsync(ask, static log => _ = log.DisposeAsync().AsTask(), cancellationToken),
            async token =>
            {
                // 1. From here on no earlier opening can store anything, wherever it is.
                var found = await StatementLimit.RunAsync(_options.StatementTimeout, limited => _opening.ClaimAsync(partition, limited), token).ConfigureAwait(false);

                // 2. One in this process is told, so that nobody goes on waiting for it.
                if (_open.TryGetValue(partition, out var earlier))
                {
                    await earlier.Log.EndAsync(LogEnd.Fenced(partition, earlier.Log.LeaderEpoch)).ConfigureAwait(false);
                }

                // 3. What is stored is final by now. When nobody waits for the log any more, somebody else may be opening it.
                token.ThrowIfCancellationRequested();
                return await StartAsync(partition, configuration, found, token).ConfigureAwait(false);
            }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<LogDescription?> DescribeAsync(PartitionId partition, CancellationToken cancellationToken) =>
        _open.TryGetValue(partition, out var open) && !open.Log.Completion.IsCompleted
            ? open.Log.Describe()
            : await GuardAsync($"describing {partition}", token => _tables.DescribeAsync(partition, token), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask ApplyRetentionAsync(PartitionId partition, TopicConfiguration configuration, CancellationToken cancellationToken)
    {
        if (_open.TryGetValue(partition, out var open) && !open.Log.Completion.IsCompleted)
        {
            await open.Log.ApplyRetentionAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        var nowMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        await GuardAsync(
            $"deleting old segments of {partition}", token => _tables.ApplyRetentionAsync(partition, configuration, nowMs, token), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(partition, cancellationToken).ConfigureAwait(false);
        await GuardAsync($"deleting {partition}", token => _tables.DeleteAsync(partition, token), cancellationToken).ConfigureAwait(false);
        if (_open.TryGetValue(partition, out var open))
        {
            await open.Log.EndAsync(LogEnd.Deleted(partition)).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<PartitionId> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long after = 0;
        while (true)
        {
            var from = after;
            var page = await GuardAsync("listing the logs", token => _tables.ListAsync(from, token), cancellationToken).ConfigureAwait(false);
            foreach (var (logId, partition) in page)
            {
                yield return partition;
                after = logId;
            }

            if (page.Count == 0)
            {
                yield break;
            }
        }
    }

    /// <summary>
    /// Closes every log that is open, then the connections that appended. It does not wait for long when the database does not answer;
    /// what is under way then is not acknowledged, and the next openings find out what became of it.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        await _housekeeping.DisposeAsync().ConfigureAwait(false);
        var patience = _watch.IsDown ? s_closePatienceWhenDown : s_closePatience;
        try
        {
            await CloseAsync().WaitAsync(patience).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            CloseTimedOut(_logger, Name, patience);
        }

        await _watch.DisposeAsync().ConfigureAwait(false);
    }

    private async Task CloseAsync()
    {
        await Task.WhenAll(_open.Values.Select(open => open.Log.DisposeAsync().AsTask())).ConfigureAwait(false);
        await Task.WhenAll(_writers.Select(writer => writer.DisposeAsync().AsTask())).ConfigureAwait(false);
    }

    /// <summary>Drops extents that hold nothing any more, and ends logs that were taken over, without waiting for the next time.</summary>
    internal Task HousekeepAsync(CancellationToken cancellationToken) => _housekeeping.RunOnceAsync(cancellationToken);

    private async Task<PartitionLog> StartAsync(PartitionId partition, TopicConfiguration configuration, LogOpening.Found found, CancellationToken cancellationToken)
    {
        var writer = _writers[(int)(found.LogId % _writers.Length)];
        var reader = new LogReader(_database, _options, partition, found.LogId);
        var context = new LogContext(partition, found.LogId, _database, _watch, writer, _cache, _options, _time, _logger);
        var state = await _opening.ReplayAsync(partition, found, reader, context.NowMs, cancellationToken).ConfigureAwait(false);

        // A log that was open here a while ago goes on in its segment; one that comes from elsewhere begins its own.
        var segments = found.Segments;
        if (segments is not [.., var last] || last.Extent != writer.Extent)
        {
            segments.Add(StoredSegment.Empty(found.LogEnd));
        }

        var backend = new PostgresLogBackend(context, found.Epoch, reader, segments, found.Checkpoint?.RecoveryPoint ?? Offset.Zero);
        var log = new PartitionLog(
            new PartitionLogContext
            {
                Partition = partition,
                LeaderEpoch = found.Epoch,
                Backend = backend,
                State = state,
                Scheduler = ThreadPoolScheduler.Instance,
                TimeProvider = _time,
                Logger = _logger,
                MaxGroupBytes = _options.MaxGroupBytes,
                CheckpointBytes = _options.CheckpointBytes,
                BackgroundFlushInterval = _options.BackgroundFlushInterval,
            },
            configuration);
        var open = new OpenLog(log, found.LogId);
        _open[partition] = open;
        _ = log.Completion.ContinueWith(
            _ => _open.TryRemove(new KeyValuePair<PartitionId, OpenLog>(partition, open)),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        LogOpened(_logger, partition, found.Epoch, found.LogStart, found.LogEnd);
        _housekeeping.Start();
        return log;
    }

    private async Task EndFencedAsync(long logId, LeaderEpoch epoch)
    {
        if (_open.Values.FirstOrDefault(open => open.Claim == (logId, epoch)) is { } fenced)
        {
            LogTakenOver(_logger, fenced.Log.Partition, fenced.Log.LeaderEpoch);
            await fenced.Log.EndAsync(LogEnd.Fenced(fenced.Log.Partition, fenced.Log.LeaderEpoch)).ConfigureAwait(false);
        }
    }

    private Task<T> GuardAsync<T>(string doing, Func<CancellationToken, Task<T>> function, CancellationToken cancellationToken) =>
        GuardAsync(doing, ask => _watch.AskAsync(ask, cancellationToken), function);

    private async Task<T> GuardAsync<T>(string doing, Func<Func<CancellationToken, Task<T>>, Task<T>> ask, Func<CancellationToken, Task<T>> function)
    {
        try
        {
            if (_prepare is not null && !_isPrepared)
            {
                await _watch.AskAtLengthAsync(
                    async token =>
                    {
                        await _prepare(token).ConfigureAwait(false);
                        return true;
                    },
                    drop: null,
                    CancellationToken.None).ConfigureAwait(false);
                _isPrepared = true;
            }

            return await ask(function).ConfigureAwait(false);
        }
        catch (Exception exception) when (LogErrors.IsDatabaseTrouble(exception))
        {
            throw LogErrors.Translate(exception, Name, doing);
        }
    }

    [LoggerMessage(LogEvents.LogOpened, LogLevel.Information, "Opened the log of {Partition} at epoch {LeaderEpoch}, offsets {LogStart} to {LogEnd}")]
    private static partial void LogOpened(ILogger logger, PartitionId partition, LeaderEpoch leaderEpoch, Offset logStart, Offset logEnd);

    [LoggerMessage(LogEvents.LogTakenOver, LogLevel.Information, "The log of {Partition} was opened elsewhere after epoch {LeaderEpoch}")]
    private static partial void LogTakenOver(ILogger logger, PartitionId partition, LeaderEpoch leaderEpoch);

    [LoggerMessage(LogEvents.CloseTimedOut, LogLevel.Warning, "The store '{Store}' is closed without what was under way after {Patience}: its database does not answer.")]
    private static partial void CloseTimedOut(ILogger logger, string store, TimeSpan patience);

    private sealed record OpenLog(PartitionLog Log, long LogId)
    {
        public (long LogId, LeaderEpoch Epoch) Claim => (LogId, Log.LeaderEpoch);
    }
}
