using Npgsql;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>
/// A writer's connection together with the extent that it fills. The session holds the extent's advisory lock, so that everybody
/// can see that it is in use; whoever breaks the connection ends both, and the next session takes a new extent.
/// </summary>
internal sealed class WriterSession : IAsyncDisposable
{
    private static readonly TimeSpan s_unlockTime = TimeSpan.FromSeconds(1);

    private readonly NpgsqlConnection _connection;
    private readonly AppendCommand _append;
    private readonly PostgresLogStoreOptions _options;
    private readonly string _synchronousCommit;
    private readonly long _openedAt = TimeProvider.System.GetTimestamp();
    private long _bytes;

    private WriterSession(NpgsqlConnection connection, int extent, AppendCommand append, PostgresLogStoreOptions options, string synchronousCommit)
    {
        _connection = connection;
        _append = append;
        _options = options;
        _synchronousCommit = synchronousCommit;
        Extent = extent;
    }

    /// <summary>The extent's number.</summary>
    public int Extent { get; }

    /// <summary>True when the next write should go to another extent.</summary>
    public bool IsFull => _bytes >= _options.ExtentBytes || TimeProvider.System.GetElapsedTime(_openedAt) >= _options.ExtentAge;

    /// <summary>Connects and makes the extent.</summary>
    public static async Task<WriterSession> OpenAsync(NpgsqlDataSource database, PostgresLogStoreOptions options, CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var (extent, synchronousCommit) = await CreateExtentAsync(connection, options, cancellationToken).ConfigureAwait(false);
            var append = await AppendCommand.PrepareAsync(connection, extent, cancellationToken).ConfigureAwait(false);
            return new WriterSession(connection, extent, append, options, synchronousCommit);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stores writes; see <see cref="AppendCommand.ExecuteAsync"/>.</summary>
    public async Task AppendAsync(IReadOnlyList<LogWrite> writes, HashSet<long> stored, CancellationToken cancellationToken)
    {
        var flush = writes.Any(write => write.Flush);
        await _append.ExecuteAsync(writes, flush ? _synchronousCommit : "off", stored, cancellationToken).ConfigureAwait(false);
        _bytes += writes.Sum(write => (long)write.Group.SizeInBytes);
    }

    /// <summary>Lets go of the extent, if the connection still works, and gives the connection back.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _append.DisposeAsync().ConfigureAwait(false);
            await using var command = new NpgsqlCommand($"SELECT pg_advisory_unlock({PostgresNames.ExtentLockClass}, {Extent})", _connection);
            command.CommandTimeout = StatementLimit.None;
            await StatementLimit.RunAsync(s_unlockTime, token => command.ExecuteNonQueryAsync(token), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (LogErrors.IsDatabaseTrouble(exception) || exception is InvalidOperationException)
        {
            // A connection that does not work any more holds no lock either.
        }

        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<(int Extent, string SynchronousCommit)> CreateExtentAsync(
        NpgsqlConnection connection, PostgresLogStoreOptions options, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(
            $"""
            WITH made AS (INSERT INTO {PostgresNames.Schema}.extents DEFAULT VALUES RETURNING extent)
            SELECT extent, pg_advisory_lock({PostgresNames.ExtentLockClass}, extent), current_setting('synchronous_commit') FROM made
            """,
            connection,
            transaction)
        {
            CommandTimeout = StatementLimit.None,
        };
        int extent;
        string synchronousCommit;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false))
        {
            await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            extent = reader.GetInt32(0);
            synchronousCommit = reader.GetString(2);
        }

        command.CommandText =
            $"""
            CREATE TABLE {PostgresNames.Extent(extent)} (PRIMARY KEY (log_id, last_offset)) INHERITS ({PostgresNames.Schema}.record_batches)
            WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false)
            """;
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);

        // A server that is told not to wait for the disk is overruled where the topic wants it: 'flush = os' is how to ask for that.
        return (extent, synchronousCommit == "off" ? "on" : synchronousCommit);
    }
}
