using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.Storage.Postgres.Catalog;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Postgres.Tests.Catalog;

/// <summary>Several silos on one database, each with a pool of its own, doing the same at the same time.</summary>
public sealed class TwoSilosTests : IAsyncLifetime
{
    private readonly List<Npgsql.NpgsqlDataSource> _sources = [];
    private readonly List<PostgresClusterDatabase> _databases = [];
    private ClusterDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _database = await ClusterDatabase.CreateAsync();
        _sources.AddRange(Enumerable.Range(0, 2).Select(_ => PostgresDataSource.Create(_database.Database.ConnectionString)));
        _databases.AddRange(_sources.Select(source => new PostgresClusterDatabase(source, NullLogger<PostgresClusterDatabase>.Instance)));
    }

    public async Task DisposeAsync()
    {
        foreach (var database in _databases)
        {
            await database.DisposeAsync();
        }

        foreach (var source in _sources)
        {
            await source.DisposeAsync();
        }

        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Of_all_who_create_one_name_one_wins_and_its_partitions_are_there()
    {
        var created = await Task.WhenAll(Enumerable.Range(0, 40).Select(async n =>
        {
            var topic = Topic($"topic{n % 10}", n + 1);
            return (Won: await Catalog(n).TryCreateTopicAsync(topic, "local", default), Topic: topic);
        }));

        Assert.Equal(10, created.Count(creation => creation.Won));
        Assert.Equal(10, created.Where(creation => creation.Won).Select(creation => creation.Topic.Name).Distinct().Count());
        foreach (var (_, topic) in created.Where(creation => creation.Won))
        {
            Assert.Equal(topic.TopicId, (await Catalog(1).FindTopicAsync(topic.Name, default))!.TopicId);
            Assert.Equal("local", await Catalog(0).FindStoreAsync(new PartitionId(topic.TopicId, 0), default));
        }
    }

    [Fact]
    public async Task A_creation_that_is_repeated_finds_itself()
    {
        var topic = Topic("orders", 3);

        Assert.True(await Catalog(0).TryCreateTopicAsync(topic, "local", default));
        Assert.True(await Catalog(1).TryCreateTopicAsync(topic, "local", default));
        Assert.False(await Catalog(1).TryCreateTopicAsync(Topic("orders", 3), "local", default));
    }

    [Fact]
    public async Task Blocks_of_producer_ids_never_overlap()
    {
        var blocks = await Task.WhenAll(Enumerable.Range(1, 60).Select(async n => (First: await Catalog(n).ReserveProducerIdsAsync(n, default), Count: n)));

        var ids = blocks.SelectMany(block => Enumerable.Range(0, block.Count).Select(n => block.First + n)).ToList();
        Assert.Equal(Enumerable.Range(0, ids.Count).Select(n => (long)n), ids.Order());
    }

    [Fact]
    public async Task An_offset_is_committed_under_the_group_s_current_version_or_not_at_all()
    {
        var topic = Topic("orders", 1);
        await Catalog(0).TryCreateTopicAsync(topic, "local", default);
        var partition = new PartitionId(topic.TopicId, 0);
        var version = (await Groups(0).TrySaveAsync(new StoredGroup("group", 0, new Generation(0), 0, "{}"), default))!.Value;
        var (accepted, offset) = (-1L, 0L);

        // One silo commits as fast as it can; the other takes the group over again and again and reads what it has to go on from.
        for (var takeover = 0; takeover < 20; takeover++)
        {
            var held = version;
            using var stop = new CancellationTokenSource();
            var committing = Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested && await Groups(0).TryCommitAsync("group", held, [Offset(partition, offset)], default))
                {
                    accepted = offset++;
                }
            });
            version = (await Groups(1).TrySaveAsync(new StoredGroup("group", held, new Generation(takeover), 0, "{}"), default))!.Value;
            var seen = (await Groups(1).ReadOffsetsAsync("group", default)).Select(stored => stored.Offset.Value).SingleOrDefault(-1);
            await stop.CancelAsync();
            await committing;

            Assert.Equal(accepted, seen);
        }
    }

    [Fact]
    public async Task A_commit_never_outlives_the_topic_that_is_deleted_beside_it()
    {
        var version = (await Groups(0).TrySaveAsync(new StoredGroup("group", 0, new Generation(0), 0, "{}"), default))!.Value;
        for (var round = 0; round < 20; round++)
        {
            var topic = Topic($"topic{round}", 8);
            await Catalog(0).TryCreateTopicAsync(topic, "local", default);
            var offsets = Enumerable.Range(0, 8).Select(n => Offset(new PartitionId(topic.TopicId, n), 1)).ToArray();

            await Task.WhenAll(
                Groups(0).TryCommitAsync("group", version, offsets, default).AsTask(),
                Catalog(1).DeleteTopicAsync(topic.TopicId, default).AsTask(),
                Groups(0).TryCommitAsync("group", version, [.. offsets.Reverse()], default).AsTask());

            Assert.Empty(await Groups(1).ReadOffsetsAsync("group", default));
        }
    }

    private PostgresCatalog Catalog(int n) => new(_databases[n % 2]);

    private PostgresGroupStore Groups(int n) => new(_databases[n % 2]);

    private static TopicDescription Topic(string name, int partitions) => new(
        name, Guid.NewGuid(), partitions, new Dictionary<string, string>(), DateTimeOffset.FromUnixTimeMilliseconds(1));

    private static StoredOffset Offset(PartitionId partition, long offset) =>
        new(partition, new Offset(offset), "", LeaderEpoch.None, DateTimeOffset.FromUnixTimeMilliseconds(1));
}
