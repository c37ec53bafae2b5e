using Npgsql;

namespace OrleansStream.TestServers;

/// <summary>
/// A cluster whose logs lie in two databases, every second partition of a topic in each: the cluster's own, and one on a server of
/// its own that can be stopped and frozen. Not safe for concurrent use.
/// </summary>
public sealed class LogDatabaseCluster : IAsyncDisposable
{
    /// <summary>The second database's name, and the name of the store in it.</summary>
    public const string Store = "logs";

    private readonly string _connectionString;

    private LogDatabaseCluster(PostgresServer logServer, string connectionString, SiloCluster cluster)
    {
        LogServer = logServer;
        _connectionString = connectionString;
        Cluster = cluster;
    }

    /// <summary>The silos.</summary>
    public SiloCluster Cluster { get; }

    /// <summary>The server of the second database.</summary>
    public PostgresServer LogServer { get; }

    /// <summary>Where SDK clients find the silos that run.</summary>
    public string Servers => string.Join(',', Cluster.Silos.Where(silo => silo.IsRunning).Select(silo => silo.Gateway));

    /// <summary>Starts the server, and silos at the same time; ready on return.</summary>
    public static async Task<LogDatabaseCluster> StartAsync(int silos, params string[] arguments)
    {
        var server = await PostgresServer.StartNewAsync();
        try
        {
            var connectionString = await server.CreateDatabaseAsync(Store);
            return new LogDatabaseCluster(server, connectionString, await SiloCluster.StartAsync(silos, [.. ArgumentsFor(connectionString), .. arguments]));
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>What makes a silo spread its logs over the cluster's own database and another one.</summary>
    public static IReadOnlyList<string> ArgumentsFor(string connectionString) =>
    [
        "--OrleansStream:Postgres:Logs:postgres:AcceptsNewPartitions=true", $"--OrleansStream:Postgres:Logs:{Store}:ConnectionString={connectionString}",
    ];

    /// <summary>The partitions of a topic whose logs lie in the second database, once each was opened.</summary>
    public async Task<IReadOnlySet<int>> FindPartitionsAsync(Guid topicId)
    {
        await using var source = NpgsqlDataSource.Create(_connectionString);
        await using var command = source.CreateCommand("SELECT partition FROM orleansstream.logs WHERE topic_id = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = topicId });
        var found = new HashSet<int>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            found.Add(reader.GetInt32(0));
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        await LogServer.DisposeAsync();
    }
}
