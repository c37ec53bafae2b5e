using OrleansStream.Topics;

namespace OrleansStream.Storage.Contract;

/// <summary>Rolling, retention, deleting records, and telling a log's extent without opening it.</summary>
public abstract class SegmentContract : StoreContract
{
    private static readonly TopicConfiguration s_small = TopicConfiguration.Default with { SegmentBytes = 1000, MaxBatchBytes = 1000, Retention = null };

    [Fact]
    public async Task A_segment_is_closed_before_it_outgrows_its_size()
    {
        await using var log = await OpenAsync(s_small);

        await FillAsync(log, batches: 10);

        var description = log.Describe();
        Assert.Equal(5, description.SegmentCount);
        Assert.Equal(10 * BatchBytes, description.SizeInBytes);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}-{i}"), (await log.ReadBatchesAsync(Offset.Zero)).Spans());
    }

    [Fact]
    public async Task Appends_made_at_once_spread_over_as_many_segments_as_they_need()
    {
        await using var log = await OpenAsync(s_small);

        var appends = Enumerable.Range(0, 20).Select(_ => log.AppendAsync(TestBatch.Of(valueBytes: 300), CancellationToken.None).AsTask()).ToArray();
        await Task.WhenAll(appends);

        Assert.Equal(10, log.Describe().SegmentCount);
        Assert.Equal(20, (await log.ReadBatchesAsync(Offset.Zero)).Count);
    }

    [Fact]
    public async Task A_segment_is_closed_when_its_first_record_is_old_enough_at_the_next_append()
    {
        await using var log = await OpenAsync(TopicConfiguration.Default with { SegmentAge = TimeSpan.FromHours(1) });
        await log.AppendedAsync(TestBatch.Of());
        Time.Advance(TimeSpan.FromMinutes(59));
        await log.AppendedAsync(TestBatch.Of());
        Assert.Equal(1, log.Describe().SegmentCount);

        Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, log.Describe().SegmentCount);
        await log.AppendedAsync(TestBatch.Of());

        Assert.Equal(2, log.Describe().SegmentCount);
    }

    [Fact]
    public async Task Rolling_an_empty_segment_changes_nothing()
    {
        await using var log = await OpenAsync();
        await log.RollAsync(CancellationToken.None);
        await log.AppendedAsync(TestBatch.Of());
        await log.RollAsync(CancellationToken.None);
        await log.RollAsync(CancellationToken.None);

        Assert.Equal(2, log.Describe().SegmentCount);
        Assert.Equal(new Offset(1), await log.AppendedAsync(TestBatch.Of()));
    }

    [Fact]
    public async Task Retention_by_bytes_deletes_the_oldest_segments_while_the_log_is_larger()
    {
        await using var log = await OpenAsync(s_small);
        await FillAsync(log, batches: 10);

        log.Reconfigure(s_small with { RetentionBytes = 5 * BatchBytes });
        await log.ApplyRetentionAsync(CancellationToken.None);

        Assert.Equal(new Offset(6), log.Offsets.LogStart);
        Assert.Equal(2, log.Describe().SegmentCount);
        Assert.Equal(["6-6", "7-7", "8-8", "9-9"], (await log.ReadBatchesAsync(new Offset(6))).Spans());
        var gone = await Assert.ThrowsAsync<OrleansStreamException>(async () => await log.ReadAsync(new Offset(5), 1000, firstWhole: true, CancellationToken.None));
        Assert.Equal(ErrorCode.OffsetOutOfRange, gone.ErrorCode);
    }

    [Fact]
    public async Task Retention_by_time_goes_by_the_youngest_record_of_a_segment()
    {
        var configuration = s_small with { Retention = TimeSpan.FromHours(10) };
        await using var log = await OpenAsync(configuration);
        await FillAsync(log, batches: 4);
        Time.Advance(TimeSpan.FromHours(9));
        await FillAsync(log, batches: 4);
        Time.Advance(TimeSpan.FromHours(2));

        await log.ApplyRetentionAsync(CancellationToken.None);

        Assert.Equal(new Offset(4), log.Offsets.LogStart);
    }

    [Fact]
    public async Task The_active_segment_outlives_every_retention_until_it_is_rolled()
    {
        await using var log = await OpenAsync(TopicConfiguration.Default with { Retention = TimeSpan.FromHours(1), RetentionBytes = 0 });
        await log.AppendedAsync(TestBatch.Of(timestampMs: NowMs));
        Time.Advance(TimeSpan.FromDays(1));

        await log.ApplyRetentionAsync(CancellationToken.None);
        Assert.Equal(Offset.Zero, log.Offsets.LogStart);
        await log.RollAsync(CancellationToken.None);
        await log.ApplyRetentionAsync(CancellationToken.None);

        Assert.Equal(new LogOffsets(new(1), new(1), new(1), new(1)), log.Offsets);
        Assert.Equal(0, log.Describe().SizeInBytes);
        Assert.Equal(new Offset(1), await log.AppendedAsync(TestBatch.Of()));
    }

    [Fact]
    public async Task Deleting_records_moves_the_start_even_into_a_batch_and_for_good()
    {
        var log = await OpenAsync(s_small);
        for (var i = 0; i < 6; i++)
        {
            await log.AppendedAsync(TestBatch.Of(records: 10, valueBytes: 20));
        }

        Assert.Equal(new Offset(34), await log.DeleteRecordsAsync(new Offset(34), CancellationToken.None));
        Assert.Equal(new Offset(34), await log.DeleteRecordsAsync(new Offset(5), CancellationToken.None));
        log = await ReopenAsync(s_small);

        Assert.Equal(new Offset(34), log.Offsets.LogStart);
        Assert.Equal(["30-39", "40-49", "50-59"], (await log.ReadBatchesAsync(new Offset(34))).Spans());
        await Assert.ThrowsAsync<OrleansStreamException>(async () => await log.ReadAsync(new Offset(33), 1000, firstWhole: true, CancellationToken.None));
    }

    [Fact]
    public async Task Records_beyond_the_high_watermark_cannot_be_deleted()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.Of(records: 3));

        var refusal = await Assert.ThrowsAsync<OrleansStreamException>(async () => await log.DeleteRecordsAsync(new Offset(4), CancellationToken.None));

        Assert.Equal(ErrorCode.OffsetOutOfRange, refusal.ErrorCode);
        Assert.Equal(new Offset(3), await log.AppendedAsync(TestBatch.Of()));
    }

    [Fact]
    public async Task A_closed_log_is_described_without_opening_it()
    {
        Assert.Null(await Store.DescribeAsync(Partition, CancellationToken.None));
        var log = await OpenAsync(s_small);
        await FillAsync(log, batches: 5);
        await log.DeleteRecordsAsync(new Offset(3), CancellationToken.None);
        var open = await Store.DescribeAsync(Partition, CancellationToken.None);
        await log.DisposeAsync();

        var closed = await Store.DescribeAsync(Partition, CancellationToken.None);

        Assert.Equal(new LogDescription(log.LeaderEpoch, new LogOffsets(new(3), new(5), new(5), new(5)), 3 * BatchBytes, 2), closed);
        Assert.Equal(open, closed);
    }

    [Fact]
    public async Task Retention_works_on_a_closed_log()
    {
        var log = await OpenAsync(s_small);
        await FillAsync(log, batches: 10);
        await log.DisposeAsync();

        await Store.ApplyRetentionAsync(Partition, s_small with { RetentionBytes = 4 * BatchBytes }, CancellationToken.None);

        var description = await Store.DescribeAsync(Partition, CancellationToken.None);
        Assert.Equal(new Offset(6), description!.Offsets.LogStart);
        Assert.Equal(2, description.SegmentCount);
        log = await ReopenAsync(s_small);
        Assert.Equal(new LogOffsets(new(6), new(10), new(10), new(10)), log.Offsets);
        Assert.Equal(4, (await log.ReadBatchesAsync(new Offset(6))).Count);
    }

    [Fact]
    public async Task Reading_goes_on_while_old_segments_are_deleted()
    {
        await using var log = await OpenAsync(s_small with { FlushMode = FlushMode.Os, RetentionBytes = 3 * BatchBytes });
        await FillAsync(log, batches: 4);
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(() => ReadUntilAsync(log, stop.Token))).ToArray();

        for (var i = 0; i < 100; i++)
        {
            await FillAsync(log, batches: 3);
            await log.ApplyRetentionAsync(CancellationToken.None);
        }

        await stop.CancelAsync();
        await Soon(Task.WhenAll(readers));
    }

    private int BatchBytes => TestBatch.Of(valueBytes: 300, timestampMs: NowMs).Length;

    private async Task FillAsync(IPartitionLog log, int batches)
    {
        for (var i = 0; i < batches; i++)
        {
            await log.AppendedAsync(TestBatch.Of(valueBytes: 300, timestampMs: NowMs));
        }
    }

    private static async Task ReadUntilAsync(IPartitionLog log, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var from = log.Offsets.LogStart;
            try
            {
                var batches = await log.ReadBatchesAsync(from);
                Assert.Equal(Enumerable.Range(0, batches.Count).Select(i => $"{from.Value + i}-{from.Value + i}"), batches.Spans());
            }
            catch (OrleansStreamException exception) when (exception.ErrorCode == ErrorCode.OffsetOutOfRange && from < log.Offsets.LogStart)
            {
                // Retention was faster, and says so.
            }
        }
    }
}
