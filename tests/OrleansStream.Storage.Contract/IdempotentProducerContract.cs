using OrleansStream.Records;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Contract;

/// <summary>Repeated, lost and stale batches of idempotent producers (invariant I8).</summary>
public abstract class IdempotentProducerContract : StoreContract
{
    private const long Producer = 77;

    [Fact]
    public async Task A_repeated_batch_is_stored_once_and_answered_with_its_offset()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.Of(records: 2));
        var batch = TestBatch.From(Producer, sequence: 0, records: 3);

        var first = await log.AppendAsync(batch, CancellationToken.None);
        var again = await log.AppendAsync(batch, CancellationToken.None);

        Assert.Equal(new AppendResult(ErrorCode.None, new Offset(2), IsDuplicate: false), first);
        Assert.Equal(new AppendResult(ErrorCode.None, new Offset(2), IsDuplicate: true), again);
        Assert.Equal(new Offset(5), log.Offsets.LogEnd);
    }

    [Fact]
    public async Task A_log_tells_which_producers_it_remembers()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.Of(records: 2));
        await log.AppendedAsync(TestBatch.From(Producer, sequence: 0, records: 3));
        await log.AppendedAsync(TestBatch.From(Producer - 1, sequence: 0, records: 1));

        var known = await log.ListProducersAsync(CancellationToken.None);

        Assert.Equal([(Producer - 1, 0), (Producer, 2)], known.Select(producer => (producer.ProducerId, producer.LastSequence)));
    }

    [Fact]
    public async Task Batches_sent_twice_at_the_same_time_are_stored_once()
    {
        await using var log = await OpenAsync();
        var batches = Enumerable.Range(0, 5).Select(i => TestBatch.From(Producer, sequence: i)).ToArray();

        var results = await Task.WhenAll(batches.Concat(batches).Select(batch => log.AppendAsync(batch, CancellationToken.None).AsTask()));

        Assert.All(results, result => Assert.Equal(ErrorCode.None, result.Error));
        Assert.Equal(results[..5].Select(result => result.BaseOffset), results[5..].Select(result => result.BaseOffset));
        Assert.Equal(new Offset(5), log.Offsets.LogEnd);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(5, true)]
    [InlineData(6, false)]
    public async Task The_last_five_batches_are_recognised(int batchesAgo, bool isRecognised)
    {
        await using var log = await OpenAsync();
        for (var i = 0; i < 10; i++)
        {
            await log.AppendedAsync(TestBatch.From(Producer, sequence: i));
        }

        var result = await log.AppendAsync(TestBatch.From(Producer, sequence: 10 - batchesAgo), CancellationToken.None);

        Assert.Equal(isRecognised, result.IsDuplicate);
        Assert.Equal(isRecognised ? ErrorCode.None : ErrorCode.OutOfOrderSequenceNumber, result.Error);
    }

    [Fact]
    public async Task A_gap_in_the_sequence_is_refused_and_can_be_filled()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.From(Producer, sequence: 0, records: 2));

        var early = await log.AppendAsync(TestBatch.From(Producer, sequence: 3), CancellationToken.None);
        await log.AppendedAsync(TestBatch.From(Producer, sequence: 2));
        await log.AppendedAsync(TestBatch.From(Producer, sequence: 3));

        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, early.Error);
        Assert.Contains("sent sequence 3 where 2 comes next", early.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_producer_that_nobody_knows_may_start_anywhere()
    {
        await using var log = await OpenAsync();

        await log.AppendedAsync(TestBatch.From(Producer, sequence: 123_456));
    }

    [Fact]
    public async Task A_newer_epoch_starts_at_zero_and_shuts_out_the_older_one()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.From(Producer, sequence: 0));

        var jump = await log.AppendAsync(TestBatch.From(Producer, sequence: 1, producerEpoch: 1), CancellationToken.None);
        await log.AppendedAsync(TestBatch.From(Producer, sequence: 0, producerEpoch: 1));
        var stale = await log.AppendAsync(TestBatch.From(Producer, sequence: 1, producerEpoch: 0), CancellationToken.None);

        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, jump.Error);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, stale.Error);
    }

    [Fact]
    public async Task The_sequence_wraps_to_zero_after_its_largest_value()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.From(Producer, sequence: int.MaxValue - 1, records: 3));

        await log.AppendedAsync(TestBatch.From(Producer, sequence: 1));

        var batch = new RecordBatchHeader((await log.ReadBatchesAsync(Offset.Zero))[0]);
        Assert.Equal(0, batch.LastSequence);
    }

    [Fact]
    public async Task Producers_are_remembered_after_closing()
    {
        var log = await OpenAsync();
        var batch = TestBatch.From(Producer, sequence: 7, records: 2);
        await log.AppendedAsync(batch);

        log = await ReopenAsync();

        Assert.True((await log.AppendAsync(batch, CancellationToken.None)).IsDuplicate);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, (await log.AppendAsync(TestBatch.From(Producer, sequence: 10), CancellationToken.None)).Error);
        await log.AppendedAsync(TestBatch.From(Producer, sequence: 9));
    }

    [Fact]
    public async Task Producers_are_remembered_after_their_records_were_deleted()
    {
        var small = TopicConfiguration.Default with { SegmentBytes = 200, MaxBatchBytes = 200 };
        var log = await OpenAsync(small);
        for (var i = 0; i < 10; i++)
        {
            await log.AppendedAsync(TestBatch.From(Producer, sequence: i));
        }

        await log.RollAsync(CancellationToken.None);
        await log.DeleteRecordsAsync(log.Offsets.HighWatermark, CancellationToken.None);
        log = await ReopenAsync(small);

        Assert.True((await log.AppendAsync(TestBatch.From(Producer, sequence: 9), CancellationToken.None)).IsDuplicate);
        await log.AppendedAsync(TestBatch.From(Producer, sequence: 10));
    }

    [Fact]
    public async Task A_producer_silent_for_more_than_a_day_is_forgotten()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.From(Producer, sequence: 0));

        Time.Advance(TimeSpan.FromHours(23));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, (await log.AppendAsync(TestBatch.From(Producer, sequence: 50), CancellationToken.None)).Error);
        Time.Advance(TimeSpan.FromHours(2));

        await log.AppendedAsync(TestBatch.From(Producer, sequence: 50));
    }

    [Fact]
    public async Task More_producers_than_are_remembered_can_write()
    {
        await using var log = await OpenAsync(TopicConfiguration.Default with { FlushMode = FlushMode.Os });
        const int Producers = 20_000;

        foreach (var ids in Enumerable.Range(0, Producers).Chunk(Producers / 4))
        {
            var appends = ids.Select(id => log.AppendAsync(TestBatch.From(id, sequence: 0), CancellationToken.None).AsTask());
            Assert.All(await Task.WhenAll(appends), result => Assert.Equal(ErrorCode.None, result.Error));
            Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.True((await log.AppendAsync(TestBatch.From(Producers - 1, sequence: 0), CancellationToken.None)).IsDuplicate);
    }
}
