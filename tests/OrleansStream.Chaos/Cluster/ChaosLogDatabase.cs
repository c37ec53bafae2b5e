namespace OrleansStream.Chaos.Cluster;

/// <summary>A PostgreSQL server that keeps logs and nothing else, beside the cluster's own database, which keeps the rest and every other log.</summary>
internal sealed class ChaosLogDatabase : IAsyncDisposable
{
    private ChaosLogDatabase(PostgresServer server, string address)
    {
        Server = server;
        ConnectionString = new Npgsql.NpgsqlConnectionStringBuilder(server.ConnectionString(LogDatabaseCluster.Store)) { Host = address }.ConnectionString;
    }

    public PostgresServer Server { get; }

    /// <summary>True while a fault has it in hand.</summary>
    public bool IsTaken { get; set; }

    /// <summary>What the silos are given.</summary>
    public string ConnectionString { get; }

    /// <summary>Starts it; its schema is the silos' to install.</summary>
    /// <param name="address">The address by which silos reach it.</param>
    /// <param name="accessFile">PostgreSQL's <c>pg_hba.conf</c> for silos that come from other addresses; null for the default.</param>
    public static async Task<ChaosLogDatabase> StartAsync(string address, string? accessFile)
    {
        var server = await PostgresServer.StartNewAsync(accessFile is null
            ? null
            : new Dictionary<string, string> { ["listen_addresses"] = $"127.0.0.1,{address}", ["hba_file"] = accessFile });
        await server.CreateDatabaseAsync(LogDatabaseCluster.Store);
        return new ChaosLogDatabase(server, address);
    }

    /// <summary>Brings it back when it is down or hangs.</summary>
    public async Task HealAsync()
    {
        if (!Server.IsRunning)
        {
            await Server.StartAsync();
        }

        Server.Thaw();
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
