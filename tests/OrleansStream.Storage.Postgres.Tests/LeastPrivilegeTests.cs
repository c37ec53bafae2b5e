using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using OrleansStream.Storage.Postgres.Catalog;
using OrleansStream.Storage.Postgres.Schema;
using OrleansStream.TestServers;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Postgres.Tests;

/// <summary>A database set up by hand as db/README.md says, used by a role with the rights that it lists and no others.</summary>
public sealed partial class LeastPrivilegeTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private string _role = null!;
    private NpgsqlDataSource _source = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _role = $"app_{_database.Name}";
        await _database.ExecuteAsync($"CREATE ROLE {_role} LOGIN");
        _source = PostgresDataSource.Create(_database.ConnectionStringOf(_role));
    }

    public async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task It_installs_nothing_and_does_everything_else()
    {
        await ApplyByHandAsync();
        foreach (var family in Enum.GetValues<SchemaFamily>())
        {
            await new SchemaInstaller(_source, NullLogger<SchemaInstaller>.Instance).InstallAsync(family, default);
        }

        await using var database = new PostgresClusterDatabase(_source, NullLogger<PostgresClusterDatabase>.Instance);
        var (catalog, groups) = (new PostgresCatalog(database), new PostgresGroupStore(database));
        var topic = new TopicDescription("orders", Guid.NewGuid(), 1, new Dictionary<string, string>(), DateTimeOffset.UnixEpoch);
        var partition = new PartitionId(topic.TopicId, 0);
        Assert.True(await catalog.TryCreateTopicAsync(topic, "postgres", default));
        Assert.NotEmpty(await catalog.GetClusterIdAsync(default));
        await catalog.ReserveProducerIdsAsync(1, default);
        var version = (await groups.TrySaveAsync(new StoredGroup("group", 0, new Generation(1), 1, "{}"), default))!.Value;
        Assert.True(await groups.TryCommitAsync("group", version, [new(partition, new Offset(5), "", LeaderEpoch.None, DateTimeOffset.UnixEpoch)], default));
        await using (var store = new PostgresPartitionLogStore(new PostgresLogStoreOptions(), _source, new FakeTimeProvider(), NullLoggerFactory.Instance))
        {
            var log = await store.OpenAsync(partition, TopicConfiguration.Default, default);
            Assert.Equal(ErrorCode.None, (await log.AppendAsync(Contract.TestBatch.Of(3), default)).Error);
            await store.DeleteAsync(partition, default);
        }

        Assert.Equal(["orders"], await _database.QueryAsync<string>("SELECT topic FROM orleansstream.committed_offsets WHERE next_offset = 5"));
        Assert.Equal(["orders"], await _database.QueryAsync<string>("SELECT name FROM orleansstream.topics WHERE stores = '{postgres}'"));
        Assert.Equal(["group"], await _database.QueryAsync<string>("SELECT group_id FROM orleansstream.consumer_groups"));
        Assert.True(await groups.TryDeleteAsync("group", version, default));
        Assert.True(await catalog.DeleteTopicAsync(topic.TopicId, default));
        await catalog.ForgetDeletedTopicAsync(topic.TopicId, default);
    }

    [Fact]
    public async Task What_it_may_not_install_is_named()
    {
        var error = await Assert.ThrowsAsync<OrleansStreamException>(
            () => new SchemaInstaller(_source, NullLogger<SchemaInstaller>.Instance).InstallAsync(SchemaFamily.Cluster, default));

        Assert.Equal(ErrorCode.SchemaMismatch, error.ErrorCode);
        Assert.Contains("db/cluster/0001-orleans.sql", error.Message, StringComparison.Ordinal);
        Assert.Contains(_role, error.Message, StringComparison.Ordinal);
    }

    private async Task ApplyByHandAsync()
    {
        foreach (var script in SchemaScript.Of(SchemaFamily.Cluster).Concat(SchemaScript.Of(SchemaFamily.Logs)))
        {
            var start = new ProcessStartInfo("psql", ["--dbname", ToUri(_database.ConnectionString), "--single-transaction", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", Path.Combine(Root(), script.Path)]) { RedirectStandardError = true };
            using var psql = Process.Start(start)!;
            var errors = await psql.StandardError.ReadToEndAsync();
            await psql.WaitForExitAsync();
            Assert.True(psql.ExitCode == 0, errors);
        }

        var page = await File.ReadAllTextAsync(Path.Combine(Root(), "db", "README.md"));
        await _database.ExecuteAsync(SqlBlock().Match(page).Groups["sql"].Value.Replace("streams_app", _role, StringComparison.Ordinal));
    }

    private static string ToUri(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        return $"postgresql://{settings.Username}@{settings.Host}:{settings.Port}/{settings.Database}";
    }

    private static string Root([System.Runtime.CompilerServices.CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", ".."));

    [GeneratedRegex("```sql\n(?<sql>.*?)```", RegexOptions.Singleline)]
    private static partial Regex SqlBlock();
}
