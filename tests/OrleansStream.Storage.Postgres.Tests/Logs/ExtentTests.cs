using Microsoft.Extensions.Time.Testing;
using OrleansStream.Storage.Contract;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Postgres.Tests.Logs;

/// <summary>Where batches lie, and how their space is freed.</summary>
public sealed class ExtentTests : IAsyncLifetime
{
    private static readonly Guid s_topic = Guid.NewGuid();

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly LogDatabase _database = new();
    private PostgresPartitionLogStore _store = null!;

    public async Task InitializeAsync() => _store = await _database.OpenStoreAsync(
        new PostgresLogStoreOptions { Writers = 1, ExtentBytes = 4000, HousekeepingInterval = TimeSpan.FromHours(1), TailCacheBytes = 0 }, _time);

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_full_extent_is_followed_by_the_next_and_the_log_reads_across_them()
    {
        await using var log = await OpenAsync(0);

        await FillAsync(log, batches: 20);

        Assert.InRange((await TablesAsync()).Count, 4, 20);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}-{i}"), (await log.ReadBatchesAsync(Offset.Zero)).Spans());
        Assert.Equal(log.Describe().SegmentCount, (await TablesAsync()).Count);
    }

    [Fact]
    public async Task An_extent_is_dropped_when_nothing_in_it_is_kept_and_not_before()
    {
        await using var expiring = await OpenAsync(0, TopicConfiguration.Default with { Retention = TimeSpan.FromHours(1) });
        await using var kept = await OpenAsync(1, TopicConfiguration.Default with { Retention = null });
        await kept.AppendedAsync(TestBatch.Of());
        await FillAsync(expiring, batches: 20);
        await kept.AppendedAsync(TestBatch.Of());
        var before = await TablesAsync();
        _time.Advance(TimeSpan.FromHours(2));
        await expiring.RollAsync(CancellationToken.None);
        await expiring.ApplyRetentionAsync(CancellationToken.None);

        await _store.HousekeepAsync(CancellationToken.None);

        // The first and the last hold batches of the log that keeps everything.
        Assert.Equal([before[0], before[^1]], await TablesAsync());
        Assert.Equal(["0-0", "1-1"], (await kept.ReadBatchesAsync(Offset.Zero)).Spans());
        Assert.Equal(new Offset(20), expiring.Offsets.LogStart);
        Assert.Equal(new Offset(20), await expiring.AppendedAsync(TestBatch.Of(timestampMs: _time.GetUtcNow().ToUnixTimeMilliseconds())));
    }

    [Fact]
    public async Task A_deleted_log_gives_its_extents_back()
    {
        var log = await OpenAsync(0);
        await FillAsync(log, batches: 20);
        await _store.DeleteAsync(log.Partition, CancellationToken.None);

        await _store.HousekeepAsync(CancellationToken.None);

        // The one that the writer holds stays.
        Assert.Single(await TablesAsync());
    }

    [Fact]
    public async Task Retention_empties_a_closed_log_entirely()
    {
        var expiring = TopicConfiguration.Default with { Retention = TimeSpan.FromHours(1) };
        var log = await OpenAsync(0, expiring);
        await FillAsync(log, batches: 3);
        await log.DisposeAsync();
        _time.Advance(TimeSpan.FromHours(2));

        await _store.ApplyRetentionAsync(log.Partition, expiring, CancellationToken.None);

        var description = await _store.DescribeAsync(log.Partition, CancellationToken.None);
        Assert.Equal(new LogOffsets(new(3), new(3), new(3), new(3)), description!.Offsets);
        Assert.Equal(0, description.SizeInBytes);
        Assert.Equal(new Offset(3), await (await OpenAsync(0, expiring)).AppendedAsync(TestBatch.Of()));
    }

    [Fact]
    public async Task The_extents_of_a_store_that_is_gone_are_sealed_by_another()
    {
        await FillAsync(await OpenAsync(0), batches: 1);
        await _store.DisposeAsync();
        Assert.Equal([1L], await _database.Database.QueryAsync<long>("SELECT count(*) FROM orleansstream.extents WHERE sealed_at IS NULL"));

        _store = await _database.OpenStoreAsync(new PostgresLogStoreOptions(), _time);
        await _store.HousekeepAsync(CancellationToken.None);

        Assert.Equal([0L], await _database.Database.QueryAsync<long>("SELECT count(*) FROM orleansstream.extents WHERE sealed_at IS NULL"));
        Assert.Single((await (await OpenAsync(0)).ReadBatchesAsync(Offset.Zero)).Spans());
    }

    [Fact]
    public async Task Batches_can_be_read_with_plain_sql()
    {
        await using var log = await OpenAsync(7);
        await log.AppendedAsync(TestBatch.Of(records: 3, timestampMs: 1_767_225_600_000));
        await log.AppendedAsync(TestBatch.Of(records: 2));

        var rows = await _database.Database.QueryAsync<string>(
            "SELECT format('%s %s-%s %s %s', partition, base_offset, last_offset, records, compression) FROM orleansstream.partition_batches ORDER BY base_offset");
        var logs = await _database.Database.QueryAsync<string>("SELECT format('%s %s %s', partition, log_end, size_bytes) FROM orleansstream.partition_logs");

        Assert.Equal(["7 0-2 3 none", "7 3-4 2 none"], rows);
        Assert.Equal([$"7 5 {log.Describe().SizeInBytes}"], logs);
    }

    [Fact]
    public async Task A_missing_batch_is_reported_and_never_skipped()
    {
        var log = await OpenAsync(0);
        await FillAsync(log, batches: 3);
        await _database.Database.ExecuteAsync("DELETE FROM orleansstream.record_batches WHERE base_offset = 1");

        var read = await Assert.ThrowsAsync<OrleansStreamException>(async () => await log.ReadAsync(Offset.Zero, 1_000_000, firstWhole: true, CancellationToken.None));
        var open = await Assert.ThrowsAsync<OrleansStreamException>(() => OpenAsync(0));

        Assert.Equal(ErrorCode.CorruptLog, read.ErrorCode);
        Assert.Equal(ErrorCode.CorruptLog, open.ErrorCode);
        Assert.Contains("offset 1", open.Message, StringComparison.Ordinal);
    }

    private async Task<IPartitionLog> OpenAsync(int partition, TopicConfiguration? configuration = null) =>
        await _store.OpenAsync(new PartitionId(s_topic, partition), configuration ?? TopicConfiguration.Default, CancellationToken.None);

    private async Task FillAsync(IPartitionLog log, int batches)
    {
        for (var i = 0; i < batches; i++)
        {
            await log.AppendedAsync(TestBatch.Of(valueBytes: 900, timestampMs: _time.GetUtcNow().ToUnixTimeMilliseconds()));
        }
    }

    private Task<IReadOnlyList<string>> TablesAsync() =>
        _database.Database.QueryAsync<string>("SELECT relname::text FROM pg_class WHERE relname ~ '^extent_[0-9]+$' ORDER BY oid");
}
