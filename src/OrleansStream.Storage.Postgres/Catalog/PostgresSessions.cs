using Npgsql;

namespace OrleansStream.Storage.Postgres.Catalog;

/// <summary>
/// Runs short pieces of work on pooled connections. Work whose connection turns out to be dead, as all pooled ones are after
/// the database was restarted, is run once more on a new one: it must be safe to repeat even when the first run was committed.
/// Safe for concurrent use.
/// </summary>
internal sealed class PostgresSessions(PostgresClusterDatabase database)
{
    /// <summary>Runs <paramref name="work"/>.</summary>
    /// <exception cref="OrleansStreamException">The database failed, or does not answer; a retriable code.</exception>
    public async ValueTask<T> RunAsync<T>(Func<NpgsqlConnection, CancellationToken, ValueTask<T>> work, CancellationToken cancellationToken)
    {
        var isRepeated = false;
        while (true)
        {
            try
            {
                return await database.AskAsync(RunOnceAsync, cancellationToken).ConfigureAwait(false);
            }
            catch (NpgsqlException e) when (!isRepeated && PostgresErrors.IsSessionLost(e))
            {
                isRepeated = true;
            }
            catch (NpgsqlException e)
            {
                throw PostgresErrors.Translate(e);
            }
            catch (TimeoutException e)
            {
                throw PostgresErrors.Late(e);
            }
        }

        async Task<T> RunOnceAsync(NpgsqlDataSource source, CancellationToken limited)
        {
            var connection = await source.OpenConnectionAsync(limited).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                return await work(connection, limited).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Runs <paramref name="work"/> in a transaction, which is undone when it throws.</summary>
    public ValueTask<T> RunInTransactionAsync<T>(Func<NpgsqlConnection, CancellationToken, ValueTask<T>> work, CancellationToken cancellationToken) => RunAsync(
        async (connection, limited) =>
        {
            var transaction = await connection.BeginTransactionAsync(limited).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                var result = await work(connection, limited).ConfigureAwait(false);
                await transaction.CommitAsync(limited).ConfigureAwait(false);
                return result;
            }
        },
        cancellationToken);

    /// <summary>All rows of one query.</summary>
    public ValueTask<List<T>> QueryAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters) => RunAsync(
        async (connection, limited) =>
        {
            var command = Command(connection, sql, parameters);
            await using (command.ConfigureAwait(false))
            {
                var rows = await command.ExecuteReaderAsync(limited).ConfigureAwait(false);
                await using (rows.ConfigureAwait(false))
                {
                    var result = new List<T>();
                    while (await rows.ReadAsync(limited).ConfigureAwait(false))
                    {
                        result.Add(read(rows));
                    }

                    return result;
                }
            }
        },
        cancellationToken);

    /// <summary>The first row of one query; null or zero when there is none.</summary>
    public async ValueTask<T?> QueryFirstAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params NpgsqlParameter[] parameters) =>
        (await QueryAsync(sql, read, cancellationToken, parameters).ConfigureAwait(false)).FirstOrDefault();

    /// <summary>The number of rows that one statement changed.</summary>
    public ValueTask<int> ExecuteAsync(string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters) =>
        RunAsync((connection, limited) => ExecuteAsync(connection, sql, limited, parameters), cancellationToken);

    /// <summary>The number of rows that one statement changed, within a piece of work.</summary>
    public static async ValueTask<int> ExecuteAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        var command = Command(connection, sql, parameters);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The first value of the first row, within a piece of work; null when there is none.</summary>
    public static async ValueTask<T?> ScalarAsync<T>(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
        where T : struct
    {
        var command = Command(connection, sql, parameters);
        await using (command.ConfigureAwait(false))
        {
            return (T?)await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A value for <c>$1</c>, <c>$2</c> and so on, by its place.</summary>
    public static NpgsqlParameter Value<T>(T value) => new NpgsqlParameter<T> { TypedValue = value };

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = StatementLimit.None };
        foreach (var parameter in parameters)
        {
            // A parameter belongs to one command; the work may be run a second time.
            command.Parameters.Add(parameter.Collection is null ? parameter : parameter.Clone());
        }

        return command;
    }
}
