using OrleansStream.Placement;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Contract;

/// <summary>What every placement store does, whatever it is stored in.</summary>
public abstract class PlacementStoreContract : IAsyncLifetime
{
    private static readonly TopicDescription s_topic = new(
        "orders", Guid.NewGuid(), 100, new Dictionary<string, string>(), DateTimeOffset.FromUnixTimeMilliseconds(1));

    private CatalogUnderTest _store = null!;

    private IPlacementStore Placement => _store.Placement;

    protected abstract Task<CatalogUnderTest> CreateAsync();

    public async Task InitializeAsync()
    {
        _store = await CreateAsync();
        await _store.Catalog.TryCreateTopicAsync(s_topic, "local", default);
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task At_first_nothing_is_decided()
    {
        var overrides = await ReadAsync();

        Assert.True(overrides.Version > 0);
        Assert.Empty(overrides.Pins);
        Assert.Empty(overrides.DrainedSilos);
        Assert.Empty(await Placement.ListMovesAsync(null, 10, default));
    }

    [Fact]
    public async Task A_version_that_is_known_is_not_read_again_until_something_changed()
    {
        var first = await ReadAsync();

        Assert.Null(await Placement.ReadAsync(first.Version, default));
        await Placement.PinAsync(Partition(1), "silo-1", default);
        Assert.True((await Placement.ReadAsync(first.Version, default))!.Version > first.Version);
    }

    [Fact]
    public async Task Pins_are_kept_replaced_and_taken_away()
    {
        await Placement.PinAsync(Partition(1), "silo-1", default);
        await Placement.PinAsync(Partition(2), "10.0.0.1:11111", default);
        await Placement.PinAsync(Partition(1), "silo-2", default);

        await _store.ReopenAsync();

        Assert.Equal(
            [new PinnedPartition(Partition(1), "silo-2"), new PinnedPartition(Partition(2), "10.0.0.1:11111")],
            (await ReadAsync()).Pins.OrderBy(pin => pin.Partition.Partition));
        Assert.True(await Placement.UnpinAsync(Partition(1), default));
        Assert.False(await Placement.UnpinAsync(Partition(1), default));
        Assert.Equal([Partition(2)], (await ReadAsync()).Pins.Select(pin => pin.Partition));
    }

    [Fact]
    public async Task A_partition_of_an_unknown_topic_is_not_pinned()
    {
        var error = await Assert.ThrowsAsync<OrleansStreamException>(
            () => Placement.PinAsync(new PartitionId(Guid.NewGuid(), 0), "silo", default).AsTask());

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.ErrorCode);
    }

    [Fact]
    public async Task Pins_go_with_their_topic()
    {
        await Placement.PinAsync(Partition(1), "silo-1", default);

        await _store.Catalog.DeleteTopicAsync(s_topic.TopicId, default);

        Assert.Empty((await ReadAsync()).Pins);
    }

    [Fact]
    public async Task Silos_are_drained_and_undrained_once()
    {
        Assert.True(await Placement.DrainAsync("silo-1", default));
        var drained = await ReadAsync();
        Assert.False(await Placement.DrainAsync("silo-1", default));
        Assert.Null(await Placement.ReadAsync(drained.Version, default));

        await _store.ReopenAsync();

        Assert.Equal(["silo-1"], (await ReadAsync()).DrainedSilos);
        Assert.True(await Placement.UndrainAsync("silo-1", default));
        Assert.False(await Placement.UndrainAsync("silo-1", default));
        Assert.Empty((await ReadAsync()).DrainedSilos);
    }

    [Fact]
    public async Task Moves_are_listed_newest_first_in_pages()
    {
        foreach (var number in Enumerable.Range(0, 5))
        {
            await Placement.RecordMoveAsync(Move(number), default);
        }

        await _store.ReopenAsync();
        var first = await Placement.ListMovesAsync(null, 3, default);
        var rest = await Placement.ListMovesAsync(first[^1].Number, 3, default);

        Assert.Equal([4, 3, 2], first.Select(move => move.Partition.Partition));
        Assert.Equal([1, 0], rest.Select(move => move.Partition.Partition));
        Assert.Equal(Move(4) with { Number = first[0].Number }, first[0]);
    }

    [Fact]
    public async Task Only_the_last_moves_are_kept()
    {
        const int Extra = 20;
        for (var done = 0; done < IPlacementStore.KeptMoves + Extra; done += 510)
        {
            var count = Math.Min(510, IPlacementStore.KeptMoves + Extra - done);
            await Task.WhenAll(Enumerable.Range(done, count).Select(number => Placement.RecordMoveAsync(Move(number), default).AsTask()));
        }

        var kept = await Placement.ListMovesAsync(null, 2 * IPlacementStore.KeptMoves, default);

        Assert.Equal(IPlacementStore.KeptMoves, kept.Count);
        Assert.All(kept.Zip(kept.Skip(1)), pair => Assert.True(pair.First.Number > pair.Second.Number));
    }

    private static PartitionId Partition(int number) => new(s_topic.TopicId, number);

    private static PartitionMove Move(int number) => new(
        0, Partition(number), "10.0.0.1:11111", "10.0.0.2:11111", (MoveReason)(number % 8), TimeSpan.FromMicroseconds(1500 + number),
        DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000 + number));

    private async Task<PlacementOverrides> ReadAsync() => (await Placement.ReadAsync(0, default))!;
}
