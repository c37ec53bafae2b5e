using OrleansStream.Topics;

namespace OrleansStream.Storage.Contract;

/// <summary>What every catalog does, whatever it is stored in.</summary>
public abstract class CatalogContract : IAsyncLifetime
{
    private CatalogUnderTest _store = null!;

    private ICatalog Catalog => _store.Catalog;

    protected abstract Task<CatalogUnderTest> CreateAsync();

    public async Task InitializeAsync() => _store = await CreateAsync();

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task Partitions_take_the_stores_of_their_range_in_turns()
    {
        var topic = Topic("spread", 3);
        await Catalog.TryCreateTopicAsync(topic, "a,b", CancellationToken.None);
        await Catalog.UpdateTopicAsync(topic with { PartitionCount = 6 }, "c,a,b", CancellationToken.None);

        var stores = new List<string?>();
        for (var i = 0; i < 7; i++)
        {
            stores.Add(await Catalog.FindStoreAsync(new PartitionId(topic.TopicId, i), CancellationToken.None));
        }

        Assert.Equal(["a", "b", "a", "c", "a", "b", null], stores);
    }

    [Fact]
    public async Task A_topic_is_found_by_name_and_by_id_with_all_that_was_said_about_it()
    {
        var topic = Topic("orders", 6) with { Configuration = new Dictionary<string, string> { ["retention.ms"] = "5", ["segment.ms"] = "1000" } };

        Assert.True(await Catalog.TryCreateTopicAsync(topic, "local", default));

        await _store.ReopenAsync();
        AssertSame(topic, await Catalog.FindTopicAsync("orders", default));
        AssertSame(topic, await Catalog.FindTopicAsync(topic.TopicId, default));
    }

    [Fact]
    public async Task What_was_never_created_is_not_found()
    {
        Assert.Null(await Catalog.FindTopicAsync("orders", default));
        Assert.Null(await Catalog.FindTopicAsync(Guid.NewGuid(), default));
        Assert.Null(await Catalog.FindStoreAsync(new PartitionId(Guid.NewGuid(), 0), default));
        Assert.False(await Catalog.DeleteTopicAsync(Guid.NewGuid(), default));
        Assert.False(await Catalog.UpdateTopicAsync(Topic("orders", 1), "local", default));
        Assert.Empty(await Catalog.ListTopicsAsync("", null, 10, default));
    }

    [Fact]
    public async Task A_name_is_given_once_and_the_first_topic_keeps_it()
    {
        var first = Topic("orders", 6);
        await Catalog.TryCreateTopicAsync(first, "local", default);

        Assert.False(await Catalog.TryCreateTopicAsync(Topic("orders", 3), "local", default));

        AssertSame(first, await Catalog.FindTopicAsync("orders", default));
    }

    [Fact]
    public async Task Of_many_who_create_the_same_name_at_once_one_wins()
    {
        var results = await Task.WhenAll(
            Enumerable.Range(1, 32).Select(n => Catalog.TryCreateTopicAsync(Topic("orders", n), "local", default).AsTask()));

        Assert.Single(results, won => won);
    }

    [Fact]
    public async Task Names_that_differ_in_case_are_different_topics()
    {
        Assert.True(await Catalog.TryCreateTopicAsync(Topic("orders", 1), "local", default));
        Assert.True(await Catalog.TryCreateTopicAsync(Topic("Orders", 1), "local", default));
    }

    [Fact]
    public async Task An_update_replaces_the_configuration_and_raises_the_number_of_partitions()
    {
        var topic = Topic("orders", 2) with { Configuration = new Dictionary<string, string> { ["retention.ms"] = "5" } };
        await Catalog.TryCreateTopicAsync(topic, "local", default);
        var changed = topic with { PartitionCount = 5, Configuration = new Dictionary<string, string> { ["segment.ms"] = "1000" } };

        Assert.True(await Catalog.UpdateTopicAsync(changed, "local", default));

        AssertSame(changed, await Catalog.FindTopicAsync("orders", default));
    }

    [Fact]
    public async Task An_update_with_fewer_partitions_is_refused_and_changes_nothing()
    {
        var topic = Topic("orders", 4);
        await Catalog.TryCreateTopicAsync(topic, "local", default);
        var stale = topic with { PartitionCount = 3, Configuration = new Dictionary<string, string> { ["segment.ms"] = "1000" } };

        var error = await Assert.ThrowsAsync<OrleansStreamException>(async () => await Catalog.UpdateTopicAsync(stale, "local", default));

        Assert.Equal(ErrorCode.InvalidPartitions, error.ErrorCode);
        AssertSame(topic, await Catalog.FindTopicAsync("orders", default));
    }

    [Fact]
    public async Task Partitions_stay_in_the_store_they_were_created_in()
    {
        var topic = Topic("orders", 2);
        await Catalog.TryCreateTopicAsync(topic, "first", default);
        await Catalog.UpdateTopicAsync(topic with { PartitionCount = 4 }, "second", default);
        await Catalog.UpdateTopicAsync(topic with { PartitionCount = 5 }, "third", default);
        await Catalog.UpdateTopicAsync(topic with { PartitionCount = 5 }, "fourth", default);

        var stores = new List<string?>();
        for (var partition = -1; partition <= 5; partition++)
        {
            stores.Add(await Catalog.FindStoreAsync(new PartitionId(topic.TopicId, partition), default));
        }

        Assert.Equal([null, "first", "first", "second", "second", "third", null], stores);
    }

    [Fact]
    public async Task A_deleted_topic_leaves_its_name_free_and_takes_its_committed_offsets_along()
    {
        var (kept, deleted) = (Topic("kept", 1), Topic("deleted", 2));
        await Catalog.TryCreateTopicAsync(kept, "local", default);
        await Catalog.TryCreateTopicAsync(deleted, "local", default);
        var version = (await _store.Groups.TrySaveAsync(new StoredGroup("group", 0, new Generation(1), 0, "{}"), default))!.Value;
        await _store.Groups.TryCommitAsync("group", version, [Committed(kept, 0), Committed(deleted, 0), Committed(deleted, 1)], default);

        Assert.True(await Catalog.DeleteTopicAsync(deleted.TopicId, default));

        Assert.Null(await Catalog.FindTopicAsync("deleted", default));
        Assert.Null(await Catalog.FindTopicAsync(deleted.TopicId, default));
        Assert.Null(await Catalog.FindStoreAsync(new PartitionId(deleted.TopicId, 0), default));
        Assert.Equal([Committed(kept, 0)], await _store.Groups.ReadOffsetsAsync("group", default));
        Assert.True(await Catalog.TryCreateTopicAsync(Topic("deleted", 7), "local", default));
        Assert.False(await Catalog.DeleteTopicAsync(deleted.TopicId, default));
    }

    [Fact]
    public async Task Deleted_topics_are_noted_in_the_order_of_deletion_until_they_are_forgotten()
    {
        TopicDescription[] topics = [Topic("a", 1), Topic("b", 2), Topic("c", 3)];
        foreach (var topic in topics)
        {
            await Catalog.TryCreateTopicAsync(topic, "local", default);
        }

        Assert.Empty(await Catalog.ListDeletedTopicsAsync(10, default));
        foreach (var topic in topics.Reverse())
        {
            await Catalog.DeleteTopicAsync(topic.TopicId, default);
        }

        await _store.ReopenAsync();
        var noted = topics.Reverse().Select(topic => new DeletedTopic(topic.TopicId, topic.PartitionCount)).ToList();
        Assert.Equal(noted, await Catalog.ListDeletedTopicsAsync(10, default));
        Assert.Equal(noted[..2], await Catalog.ListDeletedTopicsAsync(2, default));
        await Catalog.ForgetDeletedTopicAsync(topics[1].TopicId, default);
        await Catalog.ForgetDeletedTopicAsync(Guid.NewGuid(), default);
        Assert.Equal([noted[0], noted[2]], await Catalog.ListDeletedTopicsAsync(10, default));
    }

    [Fact]
    public async Task A_living_topic_cannot_be_forgotten()
    {
        var topic = Topic("orders", 2);
        await Catalog.TryCreateTopicAsync(topic, "local", default);

        await Catalog.ForgetDeletedTopicAsync(topic.TopicId, default);

        Assert.Equal("local", await Catalog.FindStoreAsync(new PartitionId(topic.TopicId, 1), default));
    }

    [Fact]
    public async Task Topics_are_listed_in_ordinal_order_in_pages_without_gap_or_repetition()
    {
        string[] names = ["b", "a", "A", "a.1", "a-1", "a_1", "aa", "Z", "0"];
        foreach (var name in names)
        {
            await Catalog.TryCreateTopicAsync(Topic(name, 1), "local", default);
        }

        var listed = new List<string>();
        string? after = null;
        while (await Catalog.ListTopicsAsync("", after, 2, default) is { Count: > 0 } page)
        {
            Assert.True(page.Count <= 2);
            listed.AddRange(page.Select(topic => topic.Name));
            after = page[^1].Name;
        }

        Assert.Equal(names.Order(StringComparer.Ordinal), listed);
    }

    [Fact]
    public async Task A_list_with_a_prefix_holds_only_names_that_begin_with_it()
    {
        foreach (var name in (string[])["app", "app.a", "app.b", "app.c", "ap", "apq", "App.d", "z"])
        {
            await Catalog.TryCreateTopicAsync(Topic(name, 1), "local", default);
        }

        Assert.Equal(["app.a", "app.b", "app.c"], await NamesAsync("app.", null));
        Assert.Equal(["app.a", "app.b", "app.c"], await NamesAsync("app.", "ap"));
        Assert.Equal(["app.c"], await NamesAsync("app.", "app.b"));
        Assert.Empty(await NamesAsync("app.", "z"));
        Assert.Empty(await NamesAsync("app.", "apq"));
        Assert.Empty(await NamesAsync("x", null));
        Assert.Equal(["z"], await NamesAsync("z", "app"));

        async Task<IEnumerable<string>> NamesAsync(string prefix, string? after) =>
            (await Catalog.ListTopicsAsync(prefix, after, 100, default)).Select(topic => topic.Name);
    }

    [Fact]
    public async Task The_cluster_id_is_made_once()
    {
        var id = await Catalog.GetClusterIdAsync(default);

        await _store.ReopenAsync();

        Assert.NotEmpty(id);
        Assert.Equal(id, await Catalog.GetClusterIdAsync(default));
    }

    [Fact]
    public async Task Producer_ids_are_never_given_twice()
    {
        var reserved = (await Task.WhenAll(Enumerable.Range(1, 20).Select(async count => (First: await Catalog.ReserveProducerIdsAsync(count, default), count)))).ToList();
        await _store.ReopenAsync();
        reserved.Add((await Catalog.ReserveProducerIdsAsync(3, default), 3));

        var ids = reserved.SelectMany(range => Enumerable.Range(0, range.count).Select(n => range.First + n)).ToList();

        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids, id => Assert.True(id >= 0));
    }

    [Fact]
    public async Task A_caller_who_gave_up_before_is_not_served()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Catalog.TryCreateTopicAsync(Topic("orders", 1), "local", new CancellationToken(canceled: true)));

        Assert.Null(await Catalog.FindTopicAsync("orders", default));
    }

    private static TopicDescription Topic(string name, int partitions) => new(
        name, Guid.NewGuid(), partitions, new Dictionary<string, string>(), DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123));

    private static StoredOffset Committed(TopicDescription topic, int partition) => new(
        new PartitionId(topic.TopicId, partition), new Offset(5), "", LeaderEpoch.None, DateTimeOffset.FromUnixTimeMilliseconds(1));

    private static void AssertSame(TopicDescription expected, TopicDescription? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected with { Configuration = actual.Configuration }, actual);
        Assert.Equal(expected.Configuration.OrderBy(pair => pair.Key), actual.Configuration.OrderBy(pair => pair.Key));
    }
}
