using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansStream.Storage.Postgres.Catalog;
using OrleansStream.Storage.Postgres.Placement;
using OrleansStream.Storage.Postgres.Schema;
using OrleansStream.TestServers;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Postgres.Tests.Catalog;

/// <summary>The cluster's database answers nothing, and breaks off nothing.</summary>
public sealed class HungClusterDatabaseTests : IAsyncLifetime
{
    /// <summary>More than the longest that anybody waits for the first answer.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(6);

    private PostgresServer _server = null!;
    private NpgsqlDataSource _source = null!;
    private PostgresClusterDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgresServer.StartNewAsync();
        _source = PostgresDataSource.Create(await _server.CreateDatabaseAsync("cluster"));
        await new SchemaInstaller(_source, NullLogger<SchemaInstaller>.Instance).InstallAsync(SchemaFamily.Cluster, CancellationToken.None);
        _database = new PostgresClusterDatabase(_source, NullLogger<PostgresClusterDatabase>.Instance);
    }

    public async Task DisposeAsync()
    {
        _server.Thaw();
        await _database.DisposeAsync();
        await _source.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Whoever_asks_it_is_refused_within_seconds_and_then_at_once_until_it_is_back()
    {
        var (catalog, groups, placement) = (new PostgresCatalog(_database), new PostgresGroupStore(_database), new PostgresPlacementStore(_database));
        var topic = new TopicDescription("orders", Guid.NewGuid(), 1, new Dictionary<string, string>(), DateTimeOffset.UnixEpoch);
        await catalog.TryCreateTopicAsync(topic, "postgres", default);
        var version = (await groups.TrySaveAsync(new StoredGroup("g", 0, new Generation(0), 0, "{}"), default))!.Value;
        Func<Task>[] calls =
        [
            async () => await catalog.FindTopicAsync("orders", default),
            async () => await catalog.UpdateTopicAsync(topic, "postgres", default),
            async () => await catalog.DeleteTopicAsync(topic.TopicId, default),
            async () => await groups.TryCommitAsync("g", version, [], default),
            async () => await placement.ReadAsync(0, default),
            async () => await placement.PinAsync(new PartitionId(topic.TopicId, 0), "silo-1", default),
        ];

        _server.Freeze();
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(calls.Select(RefusedAsync));
        Assert.True(Stopwatch.GetElapsedTime(start) < s_limit, $"{Stopwatch.GetElapsedTime(start)}");
        for (var round = 0; round < 100; round++)
        {
            await Task.WhenAll(calls.Select(RefusedAsync));
        }

        Assert.True(Stopwatch.GetElapsedTime(start) < s_limit + TimeSpan.FromSeconds(1), $"{Stopwatch.GetElapsedTime(start)}");

        _server.Thaw();
        start = Stopwatch.GetTimestamp();
        while (await Record.ExceptionAsync(async () => await catalog.ListTopicsAsync("", null, 10, default)) is not null)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_limit, "It is back and refused.");
            await Task.Delay(20);
        }

        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(2), $"{Stopwatch.GetElapsedTime(start)}");
    }

    private static async Task RefusedAsync(Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<OrleansStreamException>(call);
        Assert.True(refusal.IsRetriable);
    }
}
