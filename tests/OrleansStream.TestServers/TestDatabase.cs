using Npgsql;

namespace OrleansStream.TestServers;

/// <summary>A fresh, empty database on the <see cref="PostgresServer.Shared"/> server, for one test or one class of tests.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private static int s_count;

    private readonly PostgresServer _server;

    private TestDatabase(PostgresServer server, string name)
    {
        _server = server;
        Name = name;
        ConnectionString = server.ConnectionString(name);
    }

    /// <summary>The database's name.</summary>
    public string Name { get; }

    /// <summary>How to connect to it, as the superuser.</summary>
    public string ConnectionString { get; }

    /// <summary>Makes the database; the first call in a process starts the server.</summary>
    public static async Task<TestDatabase> CreateAsync()
    {
        var server = await PostgresServer.Shared;
        var database = new TestDatabase(server, $"test_{Interlocked.Increment(ref s_count)}");
        await server.CreateDatabaseAsync(database.Name);
        return database;
    }

    /// <summary>How to connect to it as another role.</summary>
    public string ConnectionStringOf(string user) => _server.ConnectionString(Name, user);

    /// <summary>Runs statements in it, for arranging and looking behind the scenes.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Reads the first column of every row.</summary>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<T>();
        while (await reader.ReadAsync())
        {
            values.Add(await reader.GetFieldValueAsync<T>(0));
        }

        return values;
    }

    /// <summary>Drops it, whoever is still connected.</summary>
    public async ValueTask DisposeAsync()
    {
        await using (var connection = new NpgsqlConnection(ConnectionString))
        {
            NpgsqlConnection.ClearPool(connection);
        }

        await _server.DropDatabaseAsync(Name);
    }
}
