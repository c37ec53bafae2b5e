using System.Net.Sockets;
using Npgsql;

namespace OrleansStream.Storage.Postgres;

/// <summary>Turns PostgreSQL's errors into the platform's words. All of them are retriable: what the store did is decided when it answers again.</summary>
internal static class PostgresErrors
{
    // Missing among the driver's constants.
    private const string IdleInTransactionSessionTimeout = "25P03";
    private const string IdleSessionTimeout = "57P05";

    /// <summary>What a caller sees.</summary>
    public static OrleansStreamException Translate(NpgsqlException error) => error is PostgresException refused
        ? new OrleansStreamException(refused.SqlState == PostgresErrorCodes.DiskFull ? ErrorCode.DiskFull : ErrorCode.StorageError, Explain(refused), error)
        : TranslateLost(error);

    /// <summary>
    /// True when the session is gone, or never came to be, so that another attempt needs another connection. What was under way
    /// may have been committed.
    /// </summary>
    public static bool IsSessionLost(NpgsqlException error) => error is PostgresException refused
        ? refused.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or IdleSessionTimeout or IdleInTransactionSessionTimeout
        : error.InnerException is not TimeoutException;

    /// <summary>What a caller sees of a statement that took too long.</summary>
    public static OrleansStreamException Late(Exception error) => new(
        ErrorCode.RequestTimedOut, $"The database did not answer in time ({error.Message}). Try again; look at its load if this goes on.", error);

    private static OrleansStreamException TranslateLost(NpgsqlException error)
    {
        if (error.InnerException is TimeoutException)
        {
            return Late(error);
        }

        var cause = error.InnerException is SocketException or IOException ? error.InnerException.Message : error.Message;
        return new OrleansStreamException(
            ErrorCode.StorageError, $"The database cannot be reached ({cause}). Check that PostgreSQL runs there, and try again.", error);
    }

    private static string Explain(PostgresException error) => error.SqlState switch
    {
        PostgresErrorCodes.DiskFull => "The disk of the database is full; nothing was stored. Free space and try again.",
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected =>
            "The database let another transaction go first; nothing was stored. Try again.",
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow =>
            $"The database is starting or stopping ({error.MessageText}). Try again in a moment.",
        PostgresErrorCodes.TooManyConnections =>
            "The database accepts no more connections. Raise its max_connections, or lower 'Maximum Pool Size' in the silos' connection strings.",
        PostgresErrorCodes.ReadOnlySqlTransaction =>
            "The database is read-only; nothing was stored. Connect to the primary instead of a standby, or add 'Target Session Attributes=primary' with all hosts.",
        PostgresErrorCodes.InsufficientPrivilege =>
            $"The database refused the role's access ({error.MessageText}). Grant it what db/README.md lists.",
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedFunction =>
            $"The database lacks a part of the schema ({error.MessageText}). Restart the silo, which installs it, or apply the scripts under db/.",
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            $"The database refused the login ({error.MessageText}). Correct user and password in the connection string.",
        PostgresErrorCodes.InvalidCatalogName => $"The database does not exist ({error.MessageText}). Create it, with ENCODING 'UTF8'.",
        _ => $"The database refused a request ({error.SqlState}: {error.MessageText}).",
    };
}
