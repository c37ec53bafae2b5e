using System.Net.Sockets;
using Npgsql;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>What the database's errors mean for a log.</summary>
internal static class LogErrors
{
    /// <summary>
    /// True when the connection or the whole server is gone, or the server only reads at the moment: what was under way has an
    /// unknown outcome, and the same may work on a new connection.
    /// </summary>
    public static bool IsOutage(Exception exception) => exception switch
    {
        PostgresException refused => refused.SqlState switch
        {
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
                or PostgresErrorCodes.DatabaseDropped or PostgresErrorCodes.IdleSessionTimeout
                or PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.TooManyConnections
                or PostgresErrorCodes.QueryCanceled => true,
            _ => refused.SqlState.StartsWith("08", StringComparison.Ordinal),
        },
        NpgsqlException or TimeoutException or IOException or SocketException => true,
        _ => false,
    };

    /// <summary>True when the statement may simply be tried again: it was undone for the sake of another one.</summary>
    public static bool IsCollision(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure };

    /// <summary>True when a table is not there: its extent was dropped.</summary>
    public static bool IsMissingTable(Exception exception) => exception is PostgresException { SqlState: PostgresErrorCodes.UndefinedTable };

    /// <summary>True for what a database does to its callers; anything else is a fault of this program.</summary>
    public static bool IsDatabaseTrouble(Exception exception) =>
        exception is NpgsqlException or TimeoutException or IOException or SocketException;

    /// <summary>The platform's error for trouble with the database.</summary>
    /// <param name="exception">The trouble.</param>
    /// <param name="store">The store's name, so that somebody knows which database to look at.</param>
    /// <param name="doing">Completes "while …".</param>
    public static OrleansStreamException Translate(Exception exception, string store, string doing) => exception switch
    {
        OrleansStreamException known => known,
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } =>
            new(ErrorCode.DiskFull, $"The disk of the database of store '{store}' is full, while {doing}; nothing was stored. Free space there.", exception),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refused =>
            new(ErrorCode.StorageError, $"The database role of store '{store}' may not do what is needed, while {doing}: {refused.MessageText}. Grant it as db/README.md says.", exception),
        _ when IsOutage(exception) =>
            new(ErrorCode.StorageError, $"The database of store '{store}' cannot be reached, while {doing}: {exception.Message}", exception),
        _ => new(ErrorCode.StorageError, $"The database of store '{store}' refused a request, while {doing}: {exception.Message}", exception),
    };

    /// <summary>A later opening of the log has taken over.</summary>
    public static OrleansStreamException Fenced(long logId, LeaderEpoch epoch) => new(
        ErrorCode.FencedLeaderEpoch, $"Log {logId} was opened again after epoch {epoch}; look up where the partition is now.");
}
