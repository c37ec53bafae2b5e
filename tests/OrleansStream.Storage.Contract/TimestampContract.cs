using OrleansStream.Records;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Contract;

/// <summary>Finding the first record from a time on, exact to the record.</summary>
public abstract class TimestampContract : StoreContract
{
    [Theory]
    [InlineData(0, 0, 100)]
    [InlineData(100, 0, 100)]
    [InlineData(101, 1, 200)]
    [InlineData(250, 2, 300)]
    [InlineData(350, 3, 400)]
    [InlineData(500, 4, 500)]
    public async Task The_first_record_that_is_not_older_is_found(long timestampMs, long offset, long recordTimestampMs)
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.At(100, 200, 300));
        await log.AppendedAsync(TestBatch.At(400, 500));

        var found = await log.FindOffsetAsync(timestampMs, CancellationToken.None);

        Assert.Equal(new TimestampedOffset(new Offset(offset), recordTimestampMs), found);
    }

    [Fact]
    public async Task Nothing_is_found_when_every_record_is_older()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.At(100, 200));

        Assert.Null(await log.FindOffsetAsync(201, CancellationToken.None));
    }

    [Fact]
    public async Task Times_need_not_be_in_order()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.At(500, 100, 300));
        await log.AppendedAsync(TestBatch.At(50, 700, 600));

        Assert.Equal(new TimestampedOffset(new(0), 500), await log.FindOffsetAsync(200, CancellationToken.None));
        Assert.Equal(new TimestampedOffset(new(4), 700), await log.FindOffsetAsync(550, CancellationToken.None));
    }

    [Fact]
    public async Task Deleted_records_are_not_found()
    {
        await using var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.At(100, 200, 300));
        await log.DeleteRecordsAsync(new Offset(2), CancellationToken.None);

        Assert.Equal(new TimestampedOffset(new(2), 300), await log.FindOffsetAsync(100, CancellationToken.None));
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Any_record_of_many_segments_is_found_open_and_after_opening_again(CompressionType compression)
    {
        const int Batches = 300;
        const int RecordsPerBatch = 40;
        var configuration = TopicConfiguration.Default with { SegmentBytes = 200_000, MaxBatchBytes = 20_000, FlushMode = FlushMode.Os };
        var log = await OpenAsync(configuration);
        using var builder = new RecordBatchBuilder(compression, 20_000);
        for (var i = 0; i < Batches; i++)
        {
            for (var j = 0; j < RecordsPerBatch; j++)
            {
                builder.TryAppend(new RecordFields { TimestampMs = 1000 + (10 * ((i * RecordsPerBatch) + j)), Value = new byte[100] });
            }

            using var batch = builder.Build(-1, -1, -1);
            builder.Reset();
            await log.AppendedAsync(batch.Memory.ToArray());
        }

        for (var round = 0; round < 2; round++)
        {
            for (var offset = 0; offset < Batches * RecordsPerBatch; offset += 97)
            {
                var found = await log.FindOffsetAsync(1000 + (10 * offset) - 5, CancellationToken.None);
                Assert.Equal(new TimestampedOffset(new Offset(offset), 1000 + (10 * offset)), found);
            }

            log = await ReopenAsync(configuration);
        }
    }

    [Fact]
    public async Task Offsets_are_found_anywhere_in_a_large_segment()
    {
        var log = await OpenAsync(TopicConfiguration.Default with { FlushMode = FlushMode.Os });
        var appends = Enumerable.Range(0, 2000).Select(i => log.AppendAsync(TestBatch.Of(records: 1 + (i % 3), valueBytes: 100), CancellationToken.None).AsTask());
        await Task.WhenAll(appends);

        for (var round = 0; round < 2; round++)
        {
            for (var offset = 0L; offset < log.Offsets.LogEnd.Value; offset += 61)
            {
                using var bytes = await log.ReadAsync(new Offset(offset), 1, firstWhole: true, CancellationToken.None);
                var header = new RecordBatchHeader(bytes.Memory.Span);
                Assert.InRange(offset, header.BaseOffset, header.LastOffset);
            }

            log = await ReopenAsync();
        }
    }
}
