using System.Data;
using System.Data.Common;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrleansStream.Storage.Postgres.Schema;

/// <summary>
/// Brings a database to the schema that this program reads and writes. Any number of processes may do so at once: each script
/// runs in a transaction that holds an advisory lock, and records its version there. A role that may only read and write rows
/// can use it on a database where somebody else applied the scripts.
/// </summary>
public sealed partial class SchemaInstaller
{
    /// <summary>"ostream" in ASCII; whoever applies scripts holds this lock.</summary>
    private const long LockKey = 0x6F73747265616D;

    /// <summary>Covers waiting for another process that installs, and building an index over what is there.</summary>
    private const int TimeoutSeconds = 600;

    /// <summary>Covers looking at what is there.</summary>
    private const int LookSeconds = 10;

    private readonly NpgsqlDataSource _dataSource;
    private readonly ILogger _logger;

    /// <summary>Uses a database, whose data source stays the caller's to dispose.</summary>
    public SchemaInstaller(NpgsqlDataSource dataSource, ILogger<SchemaInstaller> logger)
    {
        _dataSource = dataSource;
        _logger = logger;
    }

    /// <summary>Applies what is missing of a family; does nothing when the database is current.</summary>
    /// <exception cref="OrleansStreamException">
    /// <see cref="ErrorCode.SchemaMismatch"/>: a newer program set the database up, or it lacks scripts that this role may not
    /// apply, or it cannot hold the schema. <see cref="ErrorCode.StorageError"/>: it does not answer.
    /// </exception>
    public Task InstallAsync(SchemaFamily family, CancellationToken cancellationToken) =>
        InstallAsync(SchemaScript.Name(family), SchemaScript.Of(family), cancellationToken);

    internal async Task InstallAsync(string family, IReadOnlyList<SchemaScript> scripts, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await _dataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                // Without the lock first: whoever finds everything in place needs no right to change it.
                var version = await ReadVersionAsync(connection, family, cancellationToken).ConfigureAwait(false);
                Check(connection, family, version, scripts.Count);
                while (version < scripts.Count)
                {
                    version = await ApplyNextAsync(connection, family, scripts, cancellationToken).ConfigureAwait(false);
                    Check(connection, family, version, scripts.Count);
                }
            }
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e);
        }
    }

    /// <summary>Applies one script, unless another process was faster.</summary>
    /// <returns>The version the database has then.</returns>
    private async Task<int> ApplyNextAsync(
        NpgsqlConnection connection, string family, IReadOnlyList<SchemaScript> scripts, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({LockKey})", cancellationToken).ConfigureAwait(false);
            var version = await ReadVersionAsync(connection, family, cancellationToken).ConfigureAwait(false);
            if (version >= scripts.Count)
            {
                return version;
            }

            var script = scripts[version];
            await ApplyAsync(connection, family, script, cancellationToken).ConfigureAwait(false);
            if (await ReadVersionAsync(connection, family, cancellationToken).ConfigureAwait(false) != script.Version)
            {
                throw new InvalidOperationException($"{script.Path} does not record its version in {PostgresNames.Schema}.schema_versions.");
            }

            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            LogApplied(script.Path, connection.Database);
            return script.Version;
        }
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, string family, SchemaScript script, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(connection, script.Sql, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new OrleansStreamException(
                ErrorCode.SchemaMismatch,
                $"{Where(connection)} lacks version {script.Version} of the schema '{family}', which the role '{new NpgsqlConnectionStringBuilder(connection.ConnectionString).Username}' may not install ({e.MessageText}): apply {script.Path} and what follows it as the database's owner.",
                e);
        }
    }

    private static void Check(NpgsqlConnection connection, string family, int found, int known)
    {
        if (found > known)
        {
            throw new OrleansStreamException(
                ErrorCode.SchemaMismatch,
                $"{Where(connection)} has version {found} of the schema '{family}', and this program knows versions up to {known}: use a release of OrleansStream that knows version {found}.");
        }
    }

    /// <summary>The version a family has in the database, 0 when it has none.</summary>
    private static async Task<int> ReadVersionAsync(NpgsqlConnection connection, string family, CancellationToken cancellationToken)
    {
        // Two statements, since one that names a missing table fails whole. The table is looked up among the rows of the system's
        // own tables: to_regclass answers from a cache that may not know yet what was committed while the lock was waited for.
        var encoding = await ScalarAsync<string>(
            connection,
            $"""
            SELECT current_setting('server_encoding') || CASE WHEN EXISTS (
                SELECT 1 FROM pg_catalog.pg_class AS class JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
                WHERE namespace.nspname = '{PostgresNames.Schema}' AND class.relname = 'schema_versions') THEN '+' ELSE '' END
            """,
            null,
            cancellationToken).ConfigureAwait(false);
        if (!encoding!.StartsWith("UTF8", StringComparison.Ordinal))
        {
            throw new OrleansStreamException(
                ErrorCode.SchemaMismatch, $"{Where(connection)} has the encoding {encoding.TrimEnd('+')}: create a database with ENCODING 'UTF8'.");
        }

        return encoding.EndsWith('+')
            ? await ScalarAsync<int>(
                connection, $"SELECT coalesce(max(version), 0) FROM {PostgresNames.Schema}.schema_versions WHERE family = $1", family, cancellationToken).ConfigureAwait(false)
            : 0;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = TimeoutSeconds };
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<T?> ScalarAsync<T>(NpgsqlConnection connection, string sql, string? argument, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = LookSeconds };
        await using (command.ConfigureAwait(false))
        {
            if (argument is not null)
            {
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = argument });
            }

            return (T?)await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Where(DbConnection connection) => $"The database '{connection.Database}' at {connection.DataSource}";

    [LoggerMessage(EventId = LogEvents.SchemaApplied, Level = LogLevel.Information, Message = "Applied {Script} to the database {Database}")]
    private partial void LogApplied(string script, string database);
}
