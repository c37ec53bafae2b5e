using Npgsql;
using OrleansStream.TestServers;

namespace OrleansStream.Storage.Postgres.Tests;

/// <summary>The server that the other tests stand on.</summary>
public class PostgresServerTests
{
    [Fact]
    public async Task What_was_committed_outlives_kill_and_restart_on_the_same_port()
    {
        await using var server = await PostgresServer.StartNewAsync();
        var connectionString = await server.CreateDatabaseAsync("kept");
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using (var create = database.CreateCommand("CREATE TABLE numbers AS SELECT 7 AS number"))
        {
            await create.ExecuteNonQueryAsync();
        }

        await server.KillAsync();
        await using (var lost = database.CreateCommand("SELECT 1"))
        {
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => lost.ExecuteScalarAsync());
        }

        await server.StartAsync();
        await server.RestartAsync();

        database.Clear();
        await using var read = database.CreateCommand("SELECT number FROM numbers");
        Assert.Equal(7, await read.ExecuteScalarAsync());
        Assert.True(server.IsRunning);
    }

    [Fact]
    public async Task Durability_is_on()
    {
        await using var database = await TestDatabase.CreateAsync();

        Assert.Equal(["on"], await database.QueryAsync<string>("SHOW fsync"));
        Assert.Equal(["on"], await database.QueryAsync<string>("SHOW synchronous_commit"));
        Assert.Equal(["C"], await database.QueryAsync<string>("SELECT datcollate FROM pg_database WHERE datname = current_database()"));
    }

    [Fact]
    public async Task A_disposed_server_leaves_nothing_behind()
    {
        var server = await PostgresServer.StartNewAsync();
        var folder = Path.GetDirectoryName(server.DataFolder);

        await server.DisposeAsync();

        Assert.False(Directory.Exists(folder));
    }
}
