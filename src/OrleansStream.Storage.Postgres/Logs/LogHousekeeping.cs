using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>
/// What a store does now and then: it ends openings that were taken over elsewhere and have not noticed because nothing was
/// appended, and drops extents that hold nothing any more. Every silo does it; what one has done the others find done.
/// </summary>
internal sealed partial class LogHousekeeping : IAsyncDisposable
{
    private readonly PostgresLogStoreOptions _options;
    private readonly NpgsqlDataSource _database;
    private readonly DatabaseWatch _watch;
    private readonly Func<(long LogId, LeaderEpoch Epoch)[]> _claims;
    private readonly Func<long, LeaderEpoch, Task> _endFenced;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private Task _loop = Task.CompletedTask;
    private bool _isStarted;

    /// <param name="options">The store's settings.</param>
    /// <param name="database">The store's database.</param>
    /// <param name="watch">Knows whether the database answers.</param>
    /// <param name="claims">The openings that exist here.</param>
    /// <param name="endFenced">Ends the opening of a log at an epoch, if it is still open; one at a later epoch goes on.</param>
    /// <param name="logger">Where trouble is told.</param>
    public LogHousekeeping(
        PostgresLogStoreOptions options,
        NpgsqlDataSource database,
        DatabaseWatch watch,
        Func<(long LogId, LeaderEpoch Epoch)[]> claims,
        Func<long, LeaderEpoch, Task> endFenced,
        ILogger logger)
    {
        _options = options;
        _database = database;
        _watch = watch;
        _claims = claims;
        _endFenced = endFenced;
        _logger = logger;
    }

    /// <summary>Begins the rounds, once.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (!_isStarted && !_stopping.IsCancellationRequested)
            {
                _isStarted = true;
                _loop = Task.Run(RunAsync);
            }
        }
    }

    /// <summary>One round.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await EndFencedAsync(cancellationToken).ConfigureAwait(false);
        await DropExtentsAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isStarted = true;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(_options.HousekeepingInterval);
        while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
        {
            try
            {
                await RunOnceAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (LogErrors.IsDatabaseTrouble(exception) || exception is OrleansStreamException)
            {
                HousekeepingFailed(_options.Name, exception.Message);
            }
        }
    }

    private async Task EndFencedAsync(CancellationToken cancellationToken)
    {
        var claims = _claims();
        if (claims.Length == 0)
        {
            return;
        }

        await using var command = Command(
            $"""
            SELECT c.log_id, c.leader_epoch FROM unnest($1, $2) AS c (log_id, leader_epoch)
            WHERE NOT EXISTS (SELECT FROM {PostgresNames.Schema}.logs l WHERE l.log_id = c.log_id AND l.leader_epoch = c.leader_epoch)
            """);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(claims, claim => claim.LogId) });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = Array.ConvertAll(claims, claim => claim.Epoch.Value) });
        var fenced = await QueryAsync(command, row => (row.GetInt64(0), new LeaderEpoch(row.GetInt32(1))), cancellationToken).ConfigureAwait(false);
        foreach (var (logId, epoch) in fenced)
        {
            await _endFenced(logId, epoch).ConfigureAwait(false);
        }
    }

    private async Task DropExtentsAsync(CancellationToken cancellationToken)
    {
        // 1. An extent whose lock nobody holds has lost its writer: nothing is ever added to it again.
        await using (var seal = Command(
            $"""
            UPDATE {PostgresNames.Schema}.extents SET sealed_at = now()
            WHERE sealed_at IS NULL AND pg_try_advisory_xact_lock({PostgresNames.ExtentLockClass}, extent)
            """))
        {
            await _watch.AskAsync(seal.ExecuteNonQueryAsync, cancellationToken).ConfigureAwait(false);
        }

        // 2. Those that no segment lies in go, however much they hold.
        await using var find = Command(
            $"""
            SELECT e.extent FROM {PostgresNames.Schema}.extents e
            WHERE e.sealed_at IS NOT NULL AND NOT EXISTS (SELECT FROM {PostgresNames.Schema}.segments s WHERE s.extent = e.extent)
            ORDER BY e.extent LIMIT 16
            """);
        foreach (var extent in await QueryAsync(find, row => row.GetInt32(0), cancellationToken).ConfigureAwait(false))
        {
            await DropAsync(extent, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task DropAsync(int extent, CancellationToken cancellationToken)
    {
        try
        {
            // A reader may hold the table for a while; waiting for it would make others wait behind, so the next round tries again.
            await using var batch = _database.CreateBatch();
            batch.Timeout = StatementLimit.None;
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT set_config('lock_timeout', '200ms', true)"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"DROP TABLE IF EXISTS {PostgresNames.Extent(extent)}"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"DELETE FROM {PostgresNames.Schema}.extents WHERE extent = {extent}"));
            await _watch.AskAsync(batch.ExecuteNonQueryAsync, cancellationToken).ConfigureAwait(false);
            ExtentDropped(extent, _options.Name);
        }
        catch (PostgresException busy) when (busy.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            HousekeepingFailed(_options.Name, busy.MessageText);
        }
    }

    private Task<List<T>> QueryAsync<T>(NpgsqlCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken) => _watch.AskAsync(
        async token =>
        {
            var rows = new List<T>();
            await using var reader = await command.ExecuteReaderAsync(token).ConfigureAwait(false);
            while (await reader.ReadAsync(token).ConfigureAwait(false))
            {
                rows.Add(read(reader));
            }

            return rows;
        },
        cancellationToken);

    private NpgsqlCommand Command(string sql)
    {
        var command = _database.CreateCommand(sql);
        command.CommandTimeout = StatementLimit.None;
        return command;
    }

    [LoggerMessage(LogEvents.ExtentDropped, LogLevel.Information, "Dropped extent {Extent} of store '{Store}', in which every record had expired")]
    private partial void ExtentDropped(int extent, string store);

    [LoggerMessage(LogEvents.HousekeepingFailed, LogLevel.Warning, "Housekeeping of store '{Store}' did not finish and is tried again: {Reason}")]
    private partial void HousekeepingFailed(string store, string reason);
}
