using Npgsql;

namespace OrleansStream.Client.Postgres;

/// <summary>
/// Finds the silos in the database that they share, through the view <c>orleansstream.silos</c>; a role that may select from it
/// is enough. A connection is opened for each question and closed after it, so that many clients cost the database little.
/// </summary>
public sealed class PostgresServerDirectory : IServerDirectory
{
    private const int TimeoutSeconds = 3;

    private readonly string _connectionString;
    private readonly string _name;

    /// <summary>Uses the database that a connection string of Npgsql names; nothing is connected yet.</summary>
    /// <exception cref="ArgumentException">It is not a connection string.</exception>
    public PostgresServerDirectory(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = TimeoutSeconds, CommandTimeout = TimeoutSeconds };
        _connectionString = settings.ConnectionString;
        _name = $"the database {settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}";
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> GetServersAsync(string clusterId, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(_connectionString);
        await using (connection.ConfigureAwait(false))
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            var command = new NpgsqlCommand(
                "SELECT gateway_endpoint FROM orleansstream.silos WHERE cluster = $1 AND status = 'active' AND gateway_endpoint IS NOT NULL ORDER BY alive_at DESC",
                connection);
            await using (command.ConfigureAwait(false))
            {
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = clusterId });
                var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    var servers = new List<string>();
                    while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    {
                        servers.Add(reader.GetString(0));
                    }

                    return servers;
                }
            }
        }
    }

    /// <summary>Host, port and database, without user and password.</summary>
    public override string ToString() => _name;
}
