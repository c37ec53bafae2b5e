using OrleansStream.Topics;

namespace OrleansStream.Storage.Contract;

/// <summary>What every store of consumer groups does, whatever it is stored in.</summary>
public abstract class GroupStoreContract : IAsyncLifetime
{
    private static readonly TopicDescription s_topic = new(
        "orders", Guid.NewGuid(), 100, new Dictionary<string, string>(), DateTimeOffset.FromUnixTimeMilliseconds(1));

    private CatalogUnderTest _store = null!;

    private IGroupStore Groups => _store.Groups;

    protected abstract Task<CatalogUnderTest> CreateAsync();

    public async Task InitializeAsync()
    {
        _store = await CreateAsync();
        await _store.Catalog.TryCreateTopicAsync(s_topic, "local", default);
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_group_that_was_never_stored_is_null()
    {
        Assert.Null(await Groups.LoadAsync("group", default));
        Assert.Empty(await Groups.ReadOffsetsAsync("group", default));
        Assert.False(await Groups.TryDeleteAsync("group", 0, default));
        Assert.False(await Groups.TryDeleteAsync("group", 1, default));
    }

    [Fact]
    public async Task A_saved_group_is_read_back_under_its_new_version()
    {
        var group = new StoredGroup("group", 0, new Generation(7), 3, """{"members":["ä","€"]}""");

        var version = await Groups.TrySaveAsync(group, default);

        await _store.ReopenAsync();
        Assert.True(version > 0);
        Assert.Equal(group with { Version = version!.Value }, await Groups.LoadAsync("group", default));
    }

    [Fact]
    public async Task A_save_under_another_version_than_the_stored_one_changes_nothing()
    {
        var first = await SaveAsync("group");
        var second = (await Groups.TrySaveAsync(new StoredGroup("group", first, new Generation(2), 0, "second"), default))!.Value;

        Assert.NotEqual(first, second);
        Assert.Null(await Groups.TrySaveAsync(new StoredGroup("group", first, new Generation(9), 0, "late"), default));
        Assert.Null(await Groups.TrySaveAsync(new StoredGroup("group", 0, new Generation(9), 0, "new"), default));
        Assert.Null(await Groups.TrySaveAsync(new StoredGroup("other", 5, new Generation(9), 0, "never stored"), default));
        Assert.Equal("second", (await Groups.LoadAsync("group", default))!.State);
    }

    [Fact]
    public async Task Of_many_who_save_under_the_same_version_one_wins()
    {
        var version = await SaveAsync("group");

        var versions = await Task.WhenAll(Enumerable.Range(0, 32).Select(
            n => Groups.TrySaveAsync(new StoredGroup("group", version, new Generation(n), 0, "{}"), default).AsTask()));

        var won = Assert.Single(versions, saved => saved is not null);
        Assert.Equal(won, (await Groups.LoadAsync("group", default))!.Version);
    }

    [Fact]
    public async Task Committed_offsets_are_read_back_with_all_that_was_said_about_them()
    {
        var version = await SaveAsync("group");
        StoredOffset[] offsets =
        [
            Committed(0, 0),
            new(new PartitionId(s_topic.TopicId, 1), new Offset(long.MaxValue), "metadata ä", new LeaderEpoch(7), DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123)),
        ];

        Assert.True(await Groups.TryCommitAsync("group", version, offsets, default));

        await _store.ReopenAsync();
        Assert.Equal(offsets, (await Groups.ReadOffsetsAsync("group", default)).OrderBy(offset => offset.Partition.Partition));
        Assert.Empty(await Groups.ReadOffsetsAsync("other", default));
    }

    [Fact]
    public async Task A_commit_replaces_what_it_names_and_leaves_the_rest()
    {
        var version = await SaveAsync("group");
        await Groups.TryCommitAsync("group", version, [Committed(0, 10), Committed(1, 10), Committed(2, 10)], default);

        await Groups.TryCommitAsync("group", version, [Committed(1, 20), Committed(2, -1), Committed(3, -1)], default);

        var read = (await Groups.ReadOffsetsAsync("group", default)).OrderBy(offset => offset.Partition.Partition);
        Assert.Equal([Committed(0, 10), Committed(1, 20)], read);
    }

    [Fact]
    public async Task A_commit_under_a_version_that_has_passed_writes_nothing()
    {
        var old = await SaveAsync("group");
        await Groups.TryCommitAsync("group", old, [Committed(0, 10)], default);
        await Groups.TrySaveAsync(new StoredGroup("group", old, new Generation(2), 0, "{}"), default);

        Assert.False(await Groups.TryCommitAsync("group", old, [Committed(0, 5), Committed(1, 5)], default));

        Assert.Equal([Committed(0, 10)], await Groups.ReadOffsetsAsync("group", default));
    }

    [Fact]
    public async Task A_commit_to_a_group_that_was_never_stored_is_refused()
    {
        Assert.False(await Groups.TryCommitAsync("group", 0, [Committed(0, 5)], default));

        Assert.Empty(await Groups.ReadOffsetsAsync("group", default));
    }

    [Fact]
    public async Task A_commit_for_a_topic_that_is_gone_leaves_nothing_behind()
    {
        var version = await SaveAsync("group");
        var gone = new StoredOffset(new PartitionId(Guid.NewGuid(), 0), new Offset(5), "", LeaderEpoch.None, DateTimeOffset.FromUnixTimeMilliseconds(1));

        Assert.True(await Groups.TryCommitAsync("group", version, [gone, Committed(0, 5)], default));

        Assert.Equal([Committed(0, 5)], await Groups.ReadOffsetsAsync("group", default));
    }

    [Fact]
    public async Task Commits_of_many_groups_at_once_do_not_mix()
    {
        var versions = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => SaveAsync($"group{n}")));

        await Task.WhenAll(Enumerable.Range(0, 20).SelectMany(n => Enumerable.Range(0, 20).Select(
            async p => Assert.True(await Groups.TryCommitAsync($"group{n}", versions[n], [Committed(p, (n * 100) + p)], default)))));

        for (var n = 0; n < 20; n++)
        {
            var read = (await Groups.ReadOffsetsAsync($"group{n}", default)).OrderBy(offset => offset.Partition.Partition);
            Assert.Equal(Enumerable.Range(0, 20).Select(p => Committed(p, (n * 100) + p)), read);
        }
    }

    [Fact]
    public async Task A_deleted_group_takes_its_offsets_along()
    {
        var version = await SaveAsync("group");
        await Groups.TryCommitAsync("group", version, [Committed(0, 10)], default);
        var other = await SaveAsync("other");
        await Groups.TryCommitAsync("other", other, [Committed(0, 10)], default);

        Assert.True(await Groups.TryDeleteAsync("group", version, default));

        Assert.Null(await Groups.LoadAsync("group", default));
        Assert.Empty(await Groups.ReadOffsetsAsync("group", default));
        Assert.Single(await Groups.ReadOffsetsAsync("other", default));
    }

    [Fact]
    public async Task A_delete_under_a_version_that_has_passed_removes_nothing()
    {
        var old = await SaveAsync("group");
        var current = (await Groups.TrySaveAsync(new StoredGroup("group", old, new Generation(2), 1, "{}"), default))!.Value;
        await Groups.TryCommitAsync("group", current, [Committed(0, 10)], default);

        Assert.False(await Groups.TryDeleteAsync("group", old, default));
        Assert.False(await Groups.TryDeleteAsync("group", 0, default));

        Assert.NotNull(await Groups.LoadAsync("group", default));
        Assert.Single(await Groups.ReadOffsetsAsync("group", default));
    }

    [Fact]
    public async Task A_group_created_anew_does_not_repeat_the_versions_of_the_deleted_one()
    {
        var old = await SaveAsync("group");
        await Groups.TryDeleteAsync("group", old, default);

        var current = await SaveAsync("group");

        Assert.NotEqual(old, current);
        Assert.False(await Groups.TryCommitAsync("group", old, [Committed(0, 5)], default));
    }

    [Fact]
    public async Task Groups_are_listed_in_the_order_of_code_points_in_pages_with_prefix()
    {
        // In UTF-16 the last but one would come after the last: its first unit is a surrogate, below U+FF21.
        string[] ids = ["A", "a", "a 1", "a/1", "aa", "b", "ä", "\uff21", "\U0001F600"];
        foreach (var id in ids.Reverse())
        {
            await SaveAsync(id);
        }

        var listed = new List<string>();
        while (await Groups.ListAsync("", listed.LastOrDefault(), 2, default) is { Count: > 0 } page)
        {
            listed.AddRange(page.Select(group => group.GroupId));
        }

        Assert.Equal(ids, listed);
        Assert.Equal(["a", "a 1", "a/1", "aa"], (await Groups.ListAsync("a", null, 100, default)).Select(group => group.GroupId));
        Assert.Equal(["aa"], (await Groups.ListAsync("a", "a/1", 100, default)).Select(group => group.GroupId));
        Assert.Empty(await Groups.ListAsync("a", "b", 100, default));
    }

    private async Task<long> SaveAsync(string groupId) =>
        (await Groups.TrySaveAsync(new StoredGroup(groupId, 0, new Generation(1), 0, "{}"), default))!.Value;

    private static StoredOffset Committed(int partition, long offset) => new(
        new PartitionId(s_topic.TopicId, partition), new Offset(offset), "", LeaderEpoch.None, DateTimeOffset.FromUnixTimeMilliseconds(1));
}
