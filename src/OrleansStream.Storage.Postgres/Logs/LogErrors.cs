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
        PostgresException refused => PostgresErrors.IsSessionLost(refused)
            || refused.SqlState is PostgresErrorCodes.DatabaseDropped or PostgresErrorCodes.ReadOnlySqlTransaction
                or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.QueryCanceled
            || refused.SqlState.StartsWith("08", StringComparison.Ordinal),
        _ => IsDatabaseTrouble(exception),
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
    public static OrleansStreamException Translate(Exception exception, string store, string doing)
    {
        return exception switch
        {
            OrleansStreamException known => known,
            PostgresException { SqlState: PostgresErrorCodes.DiskFull } => Told(ErrorCode.DiskFull, PostgresErrors.Translate((NpgsqlException)exception).Message),
            NpgsqlException trouble => Told(ErrorCode.StorageError, PostgresErrors.Translate(trouble).Message),
            _ when IsDatabaseTrouble(exception) => Told(ErrorCode.StorageError, $"The database cannot be reached ({exception.Message})."),
            _ => Told(ErrorCode.StorageError, $"An unexpected error: {exception.Message}"),
        };

        OrleansStreamException Told(ErrorCode code, string message) => new(code, $"Store '{store}', while {doing}: {message}", exception);
    }

    /// <summary>A later opening of the log has taken over.</summary>
    public static OrleansStreamException Fenced(long logId, LeaderEpoch epoch) => new(
        ErrorCode.FencedLeaderEpoch, $"Log {logId} was opened again after epoch {epoch}; look up where the partition is now.");
}
