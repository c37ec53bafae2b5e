using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansStream.Storage.Postgres.Schema;
using OrleansStream.TestServers;

namespace OrleansStream.Storage.Postgres.Tests;

public sealed class SchemaInstallerTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private NpgsqlDataSource _source = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _source = NpgsqlDataSource.Create(_database.ConnectionString);
    }

    public async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData(SchemaFamily.Cluster)]
    [InlineData(SchemaFamily.Logs)]
    public async Task Every_step_can_be_installed_over_its_predecessor_and_again(SchemaFamily family)
    {
        var scripts = SchemaScript.Of(family);

        for (var count = 1; count <= scripts.Count; count++)
        {
            await Installer(_source).InstallAsync(SchemaScript.Name(family), [.. scripts.Take(count)], default);
        }

        Assert.Equal(scripts.Select(script => script.Version), await VersionsAsync(family));
        foreach (var script in scripts)
        {
            await _database.ExecuteAsync(script.Sql);
        }

        await Installer(_source).InstallAsync(family, default);
        Assert.Equal(scripts.Select(script => script.Version), await VersionsAsync(family));
    }

    [Fact]
    public async Task Many_who_install_at_once_install_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Installer(_source).InstallAsync(SchemaFamily.Cluster, default)));

        Assert.Equal(SchemaScript.Of(SchemaFamily.Cluster).Select(script => script.Version), await VersionsAsync(SchemaFamily.Cluster));
    }

    [Fact]
    public async Task A_newer_database_is_refused_and_left_alone()
    {
        await Installer(_source).InstallAsync(SchemaFamily.Cluster, default);
        await _database.ExecuteAsync("INSERT INTO orleansstream.schema_versions VALUES ('cluster', 999)");

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => Installer(_source).InstallAsync(SchemaFamily.Cluster, default));

        Assert.Equal(ErrorCode.SchemaMismatch, error.ErrorCode);
        Assert.False(error.IsRetriable);
        Assert.Contains("use a release of OrleansStream that knows version 999", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_that_fails_leaves_the_version_before_it()
    {
        SchemaScript[] scripts = [SchemaScript.Of(SchemaFamily.Cluster)[0], new(2, "db/cluster/0002-bad.sql", "CREATE TABLE orleansstream.half (id int); SELECT 1 / 0")];

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => Installer(_source).InstallAsync("cluster", scripts, default));

        Assert.Equal(ErrorCode.StorageError, error.ErrorCode);
        Assert.Equal([1], await VersionsAsync(SchemaFamily.Cluster));
        Assert.Equal([true], await _database.QueryAsync<bool>("SELECT to_regclass('orleansstream.half') IS NULL"));
    }

    [Fact]
    public async Task A_script_that_forgets_its_version_is_not_kept()
    {
        SchemaScript[] scripts = [SchemaScript.Of(SchemaFamily.Cluster)[0], new(2, "db/cluster/0002-mute.sql", "SELECT 1")];

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Installer(_source).InstallAsync("cluster", scripts, default));

        Assert.Contains("db/cluster/0002-mute.sql", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_not_utf8_is_refused()
    {
        await _database.ExecuteAsync("CREATE DATABASE latin1 TEMPLATE template0 ENCODING 'LATIN1'");
        await using var latin = NpgsqlDataSource.Create((await PostgresServer.Shared).ConnectionString("latin1"));

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => Installer(latin).InstallAsync(SchemaFamily.Cluster, default));

        Assert.Contains("LATIN1", error.Message, StringComparison.Ordinal);
    }

    private static SchemaInstaller Installer(NpgsqlDataSource source) => new(source, NullLogger<SchemaInstaller>.Instance);

    private Task<IReadOnlyList<int>> VersionsAsync(SchemaFamily family) => _database.QueryAsync<int>(
        $"SELECT v.version FROM orleansstream.schema_versions v WHERE v.family = '{SchemaScript.Name(family)}' ORDER BY v.version");
}
