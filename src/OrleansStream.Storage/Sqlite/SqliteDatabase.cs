using Microsoft.Data.Sqlite;

namespace OrleansStream.Storage.Sqlite;

/// <summary>
/// The file <c>catalog.db</c>, which <see cref="SqliteCatalog"/>, <see cref="SqliteGroupStore"/> and <see cref="SqlitePlacementStore"/> share: write-ahead log,
/// and an fsync at every commit, so that what was answered survives power loss. Writes are serialized on one thread, and
/// those that wait at the same time share one transaction and its fsync; reads run beside them on another thread. Safe for
/// concurrent use.
/// </summary>
public sealed class SqliteDatabase : IAsyncDisposable
{
    /// <summary>
    /// After so many writes the log is copied back into the file. SQLite would do it by itself, but would also keep a failed
    /// fsync of that copy to itself, and would then drop the log that alone holds the data.
    /// </summary>
    private const int WritesPerCheckpoint = 1000;

    private SqliteThread _writer = null!;
    private SqliteThread _reader = null!;
    private int _writesSinceCheckpoint;

    private SqliteDatabase()
    {
    }

    /// <summary>Opens the database, creating it or bringing it to the current schema as needed.</summary>
    /// <param name="path">The file; its folder must exist, and one process at a time may use it.</param>
    /// <exception cref="OrleansStreamException">
    /// <see cref="ErrorCode.DataFolderTooNew"/> when a newer version wrote it, <see cref="ErrorCode.StorageError"/> when it cannot be
    /// opened or is damaged.
    /// </exception>
    public static async Task<SqliteDatabase> OpenAsync(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var database = new SqliteDatabase();
        try
        {
            database._writer = await SqliteThread.StartAsync("catalog writer", () => OpenWriter(path), database.RunWrites).ConfigureAwait(false);
            database._reader = await SqliteThread.StartAsync("catalog reader", () => OpenReader(path), RunReads).ConfigureAwait(false);
            return database;
        }
        catch (Exception e)
        {
            if (database._writer is not null)
            {
                await database._writer.DisposeAsync().ConfigureAwait(false);
            }

            if (e is SqliteException error)
            {
                throw SqliteErrors.CannotBeOpened(path, error);
            }

            throw;
        }
    }

    /// <summary>Finishes what was handed over and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync().ConfigureAwait(false);
        await _writer.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Runs <paramref name="work"/> in a transaction; it completes when that is durable.</summary>
    internal ValueTask<T> WriteAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken) =>
        _writer.RunAsync(work, cancellationToken);

    /// <summary>Runs <paramref name="work"/>, which only reads, and sees every write that was answered before.</summary>
    internal ValueTask<T> ReadAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken) =>
        _reader.RunAsync(work, cancellationToken);

    private static SqliteSession OpenWriter(string path)
    {
        var session = SqliteSession.Open(path);
        try
        {
            session.ExecuteScript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
            SqliteSchema.Upgrade(session, path);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static SqliteSession OpenReader(string path)
    {
        var session = SqliteSession.Open(path);
        try
        {
            session.ExecuteScript("PRAGMA wal_autocheckpoint = 0; PRAGMA query_only = ON");
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static void RunReads(SqliteSession session, IReadOnlyList<ISqliteWork> round)
    {
        foreach (var work in round)
        {
            RunAlone(work, () => work.Run(session));
        }
    }

    private void RunWrites(SqliteSession session, IReadOnlyList<ISqliteWork> round)
    {
        if (TryRunTogether(session, round))
        {
            foreach (var work in round)
            {
                work.Complete();
            }
        }
        else
        {
            // One of them failed and took its neighbours' work with it: each tries again by itself, so that each gets its own answer.
            foreach (var work in round)
            {
                RunAlone(work, () => RunInTransaction(session, [work]));
            }
        }

        _writesSinceCheckpoint += round.Count;
        if (_writesSinceCheckpoint >= WritesPerCheckpoint)
        {
            _writesSinceCheckpoint = 0;
            Checkpoint(session);
        }
    }

    private static bool TryRunTogether(SqliteSession session, IReadOnlyList<ISqliteWork> round)
    {
        try
        {
            RunInTransaction(session, round);
            return true;
        }
        catch (SqliteException e) when (SqliteErrors.IsFatal(e))
        {
            throw;
        }
        catch (Exception)
        {
            return false;
        }
    }

    private static void RunAlone(ISqliteWork work, Action run)
    {
        try
        {
            run();
            work.Complete();
        }
        catch (SqliteException e) when (!SqliteErrors.IsFatal(e))
        {
            work.Fail(SqliteErrors.Translate(e));
        }
        catch (Exception e) when (e is not SqliteException)
        {
            work.Fail(e);
        }
    }

    private static void RunInTransaction(SqliteSession session, IReadOnlyList<ISqliteWork> round)
    {
        session.Execute("BEGIN IMMEDIATE");
        try
        {
            foreach (var work in round)
            {
                work.Run(session);
            }

            session.Execute("COMMIT");
        }
        catch
        {
            // SQLite rolls back by itself after some errors, a full disk among them.
            if (session.IsInTransaction)
            {
                session.Execute("ROLLBACK");
            }

            throw;
        }
    }

    private static void Checkpoint(SqliteSession session)
    {
        try
        {
            session.Execute("PRAGMA wal_checkpoint(PASSIVE)");
        }
        catch (SqliteException e) when (!SqliteErrors.IsFatal(e))
        {
            // A full disk: the log keeps everything until a later round succeeds.
        }
    }
}
