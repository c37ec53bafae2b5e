using Microsoft.Data.Sqlite;

namespace OrleansStream.Storage.Sqlite;

/// <summary>Turns SQLite's result codes into the platform's words.</summary>
internal static class SqliteErrors
{
    // Primary result codes, as https://sqlite.org/rescode.html numbers them.
    private const int Busy = 5;
    private const int ReadOnly = 8;
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    /// <summary>
    /// True when the database must not be used any further: after a failed write or fsync nobody knows what the disk holds,
    /// and a later fsync may report success for pages that were lost.
    /// </summary>
    public static bool IsFatal(SqliteException error) => error.SqliteErrorCode is IoError or Corrupt or NotADatabase;

    /// <summary>What a caller sees of an error that concerns only its own work.</summary>
    public static OrleansStreamException Translate(SqliteException error) => error.SqliteErrorCode switch
    {
        Full => new OrleansStreamException(
            ErrorCode.DiskFull, "The disk of the catalog is full; nothing was stored. Free space and try again.", error),
        Busy => new OrleansStreamException(
            ErrorCode.StorageError, "Another process holds a lock on the catalog; nothing was stored. Close it and try again.", error),
        _ => new OrleansStreamException(ErrorCode.StorageError, $"The catalog refused a request: {error.Message}", error),
    };

    /// <summary>What everybody sees once the database was given up.</summary>
    public static OrleansStreamException Offline(Exception error) => new(
        ErrorCode.StorageError,
        $"The catalog went offline after an error ({error.Message}). Repair the disk and restart this silo; what was acknowledged is kept.",
        error);

    /// <summary>What whoever opens a database sees when it does not open.</summary>
    public static OrleansStreamException CannotBeOpened(string path, SqliteException error) => new(
        ErrorCode.StorageError,
        error.SqliteErrorCode switch
        {
            Corrupt or NotADatabase => $"'{path}' is not an intact catalog; restore it from a backup.",
            CannotOpen or ReadOnly => $"'{path}' cannot be opened for writing; check that its folder exists and that this user may write to it.",
            Busy => $"'{path}' is locked by another process; close that process and try again.",
            Full => $"'{path}' cannot be opened because the disk is full; free space and try again.",
            _ => $"'{path}' cannot be opened: {error.Message}",
        },
        error);
}
