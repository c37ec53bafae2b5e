using OrleansStream.Records;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Contract;

/// <summary>Appending, reading, and what survives a close.</summary>
public abstract class PartitionLogContract : StoreContract
{
    [Fact]
    public async Task A_new_log_is_empty()
    {
        await using var log = await OpenAsync();

        Assert.Equal(new LogOffsets(Offset.Zero, Offset.Zero, Offset.Zero, Offset.Zero), log.Offsets);
        Assert.Equal(Partition, log.Partition);
        using var nothing = await log.ReadAsync(Offset.Zero, 1000, firstWhole: true, CancellationToken.None);
        Assert.Equal(0, nothing.Length);
        Assert.Null(await log.FindOffsetAsync(0, CancellationToken.None));
        Assert.Null(log.FindEpochEnd(log.LeaderEpoch));
    }

    [Fact]
    public async Task An_append_gets_the_next_offsets_and_can_be_read_at_once()
    {
        await using var log = await OpenAsync();

        Assert.Equal(new Offset(0), await log.AppendedAsync(TestBatch.Of(records: 3)));
        Assert.Equal(new Offset(3), await log.AppendedAsync(TestBatch.Of(records: 2)));

        Assert.Equal(new Offset(5), log.Offsets.HighWatermark);
        Assert.Equal(["0-2", "3-4"], (await log.ReadBatchesAsync(Offset.Zero)).Spans());
    }

    [Fact]
    public async Task A_stored_batch_differs_from_the_sent_one_in_offset_and_epoch_only()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.Of());
        var sent = TestBatch.Of(records: 4, valueBytes: 500);
        var copy = sent.ToArray();

        await log.AppendedAsync(sent);

        var stored = Assert.Single(await log.ReadBatchesAsync(new Offset(1)));
        Assert.Equal(copy, sent);
        Assert.Equal(1, new RecordBatchHeader(stored).BaseOffset);
        Assert.Equal(log.LeaderEpoch.Value, new RecordBatchHeader(stored).LeaderEpoch);
        Assert.Equal(sent.AsMemory(RecordBatchFormat.PrefixBytes), stored.AsMemory(RecordBatchFormat.PrefixBytes));
        Assert.Equal(ErrorCode.None, RecordBatchValidation.CheckIntegrity(stored, out _));
    }

    [Fact]
    public async Task Appends_made_at_the_same_time_are_all_stored_without_gaps()
    {
        await using var log = await OpenAsync();

        var appends = Enumerable.Range(1, 50).Select(i => log.AppendAsync(TestBatch.Of(records: i), CancellationToken.None).AsTask());
        var results = await Task.WhenAll(appends);

        Assert.All(results, result => Assert.Equal(ErrorCode.None, result.Error));
        Assert.Equal(new Offset(50 * 51 / 2), log.Offsets.LogEnd);
        Assert.Equal(results.Select(result => result.BaseOffset.Value).Order(), (await log.ReadBatchesAsync(Offset.Zero)).Select(batch => new RecordBatchHeader(batch).BaseOffset));
    }

    [Fact]
    public async Task The_high_watermark_is_announced_after_it_moved()
    {
        await using var log = await OpenAsync();
        var announced = new TaskCompletionSource<(Offset Argument, Offset Seen)>();
        log.HighWatermarkMoved += highWatermark => announced.TrySetResult((highWatermark, log.Offsets.HighWatermark));

        await log.AppendedAsync(TestBatch.Of(records: 2));

        Assert.Equal((new Offset(2), new Offset(2)), await Soon(announced.Task));
    }

    [Fact]
    public async Task An_append_cancelled_before_its_turn_is_not_stored()
    {
        await using var log = await OpenAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await log.AppendAsync(TestBatch.Of(), new CancellationToken(canceled: true)));

        Assert.Equal(Offset.Zero, log.Offsets.LogEnd);
    }

    [Fact]
    public async Task Reading_in_the_middle_of_a_batch_returns_the_whole_batch()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.Of(records: 5));
        await log.AppendedAsync(TestBatch.Of(records: 5));

        Assert.Equal(["0-4", "5-9"], (await log.ReadBatchesAsync(new Offset(4))).Spans());
        Assert.Equal(["5-9"], (await log.ReadBatchesAsync(new Offset(7))).Spans());
    }

    [Fact]
    public async Task A_read_stops_at_the_byte_limit_but_returns_one_batch_whatever_its_size()
    {
        await using var log = await OpenAsync();
        var batch = TestBatch.Of(valueBytes: 1000);
        for (var i = 0; i < 5; i++)
        {
            await log.AppendedAsync(batch);
        }

        using var two = await log.ReadAsync(Offset.Zero, (2 * batch.Length) + 100, firstWhole: true, CancellationToken.None);
        using var one = await log.ReadAsync(new Offset(2), 1, firstWhole: true, CancellationToken.None);
        using var none = await log.ReadAsync(new Offset(3), 0, firstWhole: true, CancellationToken.None);

        Assert.Equal(["0-0", "1-1"], LogReading.Split(two.Memory).Spans());
        Assert.Equal(["2-2"], LogReading.Split(one.Memory).Spans());
        Assert.Equal(["3-3"], LogReading.Split(none.Memory).Spans());
    }

    [Fact]
    public async Task A_read_that_must_not_exceed_its_limit_returns_nothing_rather_than_a_larger_batch()
    {
        await using var log = await OpenAsync();
        var (small, large) = (TestBatch.Of(valueBytes: 1000), TestBatch.Of(valueBytes: 100_000));
        foreach (var batch in (byte[][])[small, large, small])
        {
            await log.AppendedAsync(batch);
        }

        using var upToLarge = await ReadAsync(0, large.Length - 1);
        using var tooLarge = await ReadAsync(1, large.Length - 1);
        using var fits = await ReadAsync(1, large.Length);
        using var all = await ReadAsync(0, 1_000_000);
        using var last = await ReadAsync(2, 0);
        using var end = await ReadAsync(3, 0);

        Assert.Equal(["0-0"], LogReading.Split(upToLarge.Memory).Spans());
        Assert.Empty(LogReading.Split(tooLarge.Memory));
        Assert.Equal(["1-1"], LogReading.Split(fits.Memory).Spans());
        Assert.Equal(["0-0", "1-1", "2-2"], LogReading.Split(all.Memory).Spans());
        Assert.Empty(LogReading.Split(last.Memory));
        Assert.Empty(LogReading.Split(end.Memory));

        ValueTask<RecordBytes> ReadAsync(long offset, int maxBytes) => log.ReadAsync(new Offset(offset), maxBytes, firstWhole: false, CancellationToken.None);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    [InlineData(long.MaxValue)]
    public async Task An_offset_outside_the_log_is_refused(long offset)
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.Of(records: 2));

        var refusal = await Assert.ThrowsAsync<OrleansStreamException>(async () => await log.ReadAsync(new Offset(offset), 1000, firstWhole: true, CancellationToken.None));

        Assert.Equal(ErrorCode.OffsetOutOfRange, refusal.ErrorCode);
        Assert.Contains("from 0 to 2", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_batches_are_refused_and_leave_no_trace()
    {
        await using var log = await OpenAsync(TopicConfiguration.Default with { MaxBatchBytes = 2000 });
        var damaged = TestBatch.Of(valueBytes: 100);
        damaged[^1] ^= 1;
        var future = TestBatch.Of(timestampMs: NowMs + (long)TimeSpan.FromHours(2).TotalMilliseconds);

        Assert.Equal(ErrorCode.CorruptMessage, (await log.AppendAsync(damaged, CancellationToken.None)).Error);
        Assert.Equal(ErrorCode.MessageTooLarge, (await log.AppendAsync(TestBatch.Of(valueBytes: 3000), CancellationToken.None)).Error);
        Assert.Equal(ErrorCode.InvalidTimestamp, (await log.AppendAsync(future, CancellationToken.None)).Error);
        Assert.Equal(ErrorCode.InvalidRecord, (await log.AppendAsync(ReadOnlyMemory<byte>.Empty, CancellationToken.None)).Error);
        Assert.Equal(Offset.Zero, log.Offsets.LogEnd);
        Assert.Equal(Offset.Zero, await log.AppendedAsync(TestBatch.Of()));
    }

    [Fact]
    public async Task Everything_is_there_after_closing_and_opening_again()
    {
        var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.Of(records: 3));
        await log.AppendedAsync(TestBatch.Of(records: 4));
        var before = await log.ReadBatchesAsync(Offset.Zero);
        var epoch = log.LeaderEpoch;

        log = await ReopenAsync();

        Assert.Equal(epoch.Next(), log.LeaderEpoch);
        Assert.Equal(new LogOffsets(Offset.Zero, new(7), new(7), new(7)), log.Offsets);
        Assert.Equal(before, await log.ReadBatchesAsync(Offset.Zero));
        Assert.Equal(new Offset(7), await log.AppendedAsync(TestBatch.Of()));
    }

    [Fact]
    public async Task A_closed_log_refuses_politely_and_completes_without_error()
    {
        var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.Of());

        await log.DisposeAsync();

        await Soon(log.Completion);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await log.AppendAsync(TestBatch.Of(), CancellationToken.None)).Error);
        var refusal = await Assert.ThrowsAsync<OrleansStreamException>(async () => await log.ReadAsync(Offset.Zero, 1000, firstWhole: true, CancellationToken.None));
        Assert.True(refusal.IsRetriable);
        await log.DisposeAsync();
    }

    [Fact]
    public async Task Without_waiting_for_the_disk_appends_are_readable_at_once_and_flushed_by_the_clock()
    {
        await using var log = await OpenAsync(TopicConfiguration.Default with { FlushMode = FlushMode.Os });

        await log.AppendedAsync(TestBatch.Of(records: 2));
        Assert.Equal(["0-1"], (await log.ReadBatchesAsync(Offset.Zero)).Spans());

        for (var i = 0; i < 1000 && log.Offsets.RecoveryPoint < new Offset(2); i++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        Assert.Equal(new Offset(2), log.Offsets.RecoveryPoint);
    }

    [Fact]
    public async Task Changed_settings_hold_from_the_next_append_on()
    {
        await using var log = await OpenAsync();
        var batch = TestBatch.Of(valueBytes: 3000);
        await log.AppendedAsync(batch);

        log.Reconfigure(TopicConfiguration.Default with { MaxBatchBytes = 1024 });

        Assert.Equal(ErrorCode.MessageTooLarge, (await log.AppendAsync(batch, CancellationToken.None)).Error);
    }
}
