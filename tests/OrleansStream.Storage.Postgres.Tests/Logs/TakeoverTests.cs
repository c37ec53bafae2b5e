using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.Storage.Contract;
using OrleansStream.Storage.Postgres.Logs;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Postgres.Tests.Logs;

/// <summary>Two stores over one database, as two silos are: only the later opening of a log may write (invariant I4).</summary>
public sealed class TakeoverTests : IAsyncLifetime
{
    private static readonly PartitionId s_partition = new(Guid.NewGuid(), 0);

    private readonly LogDatabase _database = new();
    private PostgresPartitionLogStore _first = null!;
    private PostgresPartitionLogStore _second = null!;

    public async Task InitializeAsync()
    {
        _first = await _database.OpenStoreAsync(new PostgresLogStoreOptions { HousekeepingInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        _second = await _database.OpenStoreAsync(new PostgresLogStoreOptions { HousekeepingInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task An_owner_that_was_replaced_stores_nothing_and_ends()
    {
        var old = await OpenAsync(_first);
        await old.AppendedAsync(TestBatch.Of(records: 3));

        var current = await OpenAsync(_second);
        var refused = await old.AppendAsync(TestBatch.Of(records: 5), CancellationToken.None);

        Assert.Equal(ErrorCode.FencedLeaderEpoch, refused.Error);
        var end = await Assert.ThrowsAsync<OrleansStreamException>(() => old.Completion.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(ErrorCode.FencedLeaderEpoch, end.ErrorCode);
        Assert.Equal(new Offset(3), await current.AppendedAsync(TestBatch.Of()));
        Assert.Equal(["0-2", "3-3"], (await current.ReadBatchesAsync(Offset.Zero)).Spans());
    }

    [Fact]
    public async Task An_owner_that_was_replaced_cannot_delete_or_checkpoint()
    {
        var old = await OpenAsync(_first);
        await old.AppendedAsync(TestBatch.Of(records: 3));
        await OpenAsync(_second);

        var refusal = await Assert.ThrowsAsync<OrleansStreamException>(async () => await old.DeleteRecordsAsync(new Offset(3), CancellationToken.None));

        Assert.Equal(ErrorCode.FencedLeaderEpoch, refusal.ErrorCode);
        Assert.Equal([0L], await _database.Database.QueryAsync<long>("SELECT log_start FROM orleansstream.logs"));
        Assert.Equal([0L], await _database.Database.QueryAsync<long>("SELECT count(*) FROM orleansstream.checkpoints"));
    }

    [Fact]
    public async Task An_idle_owner_notices_at_the_next_housekeeping()
    {
        var old = await OpenAsync(_first);
        await OpenAsync(_second);
        Assert.False(old.Completion.IsCompleted);

        await _first.HousekeepAsync(CancellationToken.None);

        await Assert.ThrowsAsync<OrleansStreamException>(() => old.Completion.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Housekeeping_ends_the_opening_it_looked_at_and_not_the_one_that_followed()
    {
        await OpenAsync(_first);
        var current = await OpenAsync(_first);
        var logId = Assert.Single(await _database.Database.QueryAsync<long>("SELECT log_id FROM orleansstream.logs"));
        var ended = new List<(long, LeaderEpoch)>();

        // It asks with what was open a moment ago.
        await using var watch = new DatabaseWatch("The database", TimeSpan.FromSeconds(10), _database.Source, NullLogger.Instance);
        await using var housekeeping = new LogHousekeeping(
            new PostgresLogStoreOptions(),
            _database.Source,
            watch,
            () => [(logId, new LeaderEpoch(0))],
            (id, epoch) =>
            {
                ended.Add((id, epoch));
                return Task.CompletedTask;
            },
            NullLogger.Instance);
        await housekeeping.RunOnceAsync(CancellationToken.None);
        await _first.HousekeepAsync(CancellationToken.None);

        Assert.Equal([(logId, new LeaderEpoch(0))], ended);
        Assert.Equal(Offset.Zero, await current.AppendedAsync(TestBatch.Of()));
    }

    [Fact]
    public async Task Appends_that_race_with_takeovers_by_the_other_store_are_stored_exactly_where_they_were_acknowledged()
    {
        var acknowledged = new List<Offset>();
        var log = await OpenAsync(_first);
        for (var round = 0; round < 20; round++)
        {
            var appends = Enumerable.Range(0, 20).Select(_ => log.AppendAsync(TestBatch.Of(), CancellationToken.None).AsTask()).ToArray();
            var next = await OpenAsync(round % 2 == 0 ? _second : _first);
            foreach (var result in await Task.WhenAll(appends))
            {
                Assert.True(result.Error is ErrorCode.None or ErrorCode.FencedLeaderEpoch, $"{result}");
                if (result.Error == ErrorCode.None)
                {
                    acknowledged.Add(result.BaseOffset);
                }
            }

            log = next;
        }

        Assert.Equal(Enumerable.Range(0, acknowledged.Count).Select(i => new Offset(i)), acknowledged);
        Assert.Equal(new Offset(acknowledged.Count), log.Offsets.HighWatermark);
        Assert.Equal(acknowledged.Count, (await log.ReadBatchesAsync(Offset.Zero)).Count);
    }

    [Fact]
    public async Task A_log_that_went_and_came_back_reads_across_its_segments_in_one_extent()
    {
        for (var i = 0; i < 6; i++)
        {
            var log = await OpenAsync(i % 2 == 0 ? _first : _second);
            await log.AppendedAsync(TestBatch.Of(records: 2, timestampMs: 1000 + i));
            await log.DisposeAsync();
        }

        // A store without what the others have in memory.
        await using var third = await _database.OpenStoreAsync(new PostgresLogStoreOptions(), TimeProvider.System);
        var last = await OpenAsync(third);

        Assert.Equal(["0-1", "2-3", "4-5", "6-7", "8-9", "10-11"], (await last.ReadBatchesAsync(Offset.Zero)).Spans());
        Assert.Equal(new Offset(6), (await last.FindOffsetAsync(1003, CancellationToken.None))!.Value.Offset);
        Assert.Null(await last.FindOffsetAsync(1006, CancellationToken.None));
    }

    [Fact]
    public async Task A_repeated_batch_is_recognised_by_the_next_owner_even_without_a_checkpoint()
    {
        var old = await OpenAsync(_first);
        var batch = TestBatch.From(producerId: 5, sequence: 0, records: 4);
        await old.AppendedAsync(batch);

        var current = await OpenAsync(_second);
        var again = await current.AppendAsync(batch, CancellationToken.None);

        Assert.Equal(new AppendResult(ErrorCode.None, Offset.Zero, IsDuplicate: true), again);
    }

    private static async Task<IPartitionLog> OpenAsync(PostgresPartitionLogStore store) =>
        await store.OpenAsync(s_partition, TopicConfiguration.Default, CancellationToken.None);
}
