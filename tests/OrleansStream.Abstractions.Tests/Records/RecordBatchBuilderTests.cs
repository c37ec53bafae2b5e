using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

public sealed class RecordBatchBuilderTests
{
    [Fact]
    public void A_record_that_does_not_fit_is_refused_and_leaves_the_batch_as_it_was()
    {
        var record = new TestRecord(1, null, new byte[100]);
        using var builder = new RecordBatchBuilder(CompressionType.None, 1000);

        while (record.AppendTo(builder))
        {
        }

        var (count, size) = (builder.RecordCount, builder.SizeInBytes);
        using var bytes = builder.Build(-1, -1, -1);
        Assert.Equal(8, count);
        Assert.Equal(size, bytes.Length);
        Assert.InRange(size, 1000 - 108, 1000);
        Assert.Equal(Enumerable.Repeat(record, count), TestRecord.ReadAll(bytes.Memory).Select(r => r.Record));
    }

    [Fact]
    public void A_batch_may_be_filled_to_the_last_byte()
    {
        var records = new[] { new TestRecord(1, null, new byte[100]), new TestRecord(1, null, new byte[100]) };
        var size = TestRecord.Build(CompressionType.None, records).Length;
        using var exact = new RecordBatchBuilder(CompressionType.None, size);
        using var oneLess = new RecordBatchBuilder(CompressionType.None, size - 1);

        Assert.Equal([true, true], records.Select(r => r.AppendTo(exact)));
        Assert.Equal([true, false], records.Select(r => r.AppendTo(oneLess)));
    }

    [Fact]
    public void The_first_record_is_taken_whatever_its_size()
    {
        var record = new TestRecord(1, null, new byte[5000]);
        using var builder = new RecordBatchBuilder(CompressionType.None, 1000);

        Assert.True(record.AppendTo(builder));
        Assert.False(record.AppendTo(builder));
    }

    [Fact]
    public void A_record_that_no_message_can_carry_is_refused()
    {
        using var builder = new RecordBatchBuilder(CompressionType.None, 1000);

        var e = Assert.Throws<OrleansStreamException>(() => builder.TryAppend(new RecordFields { Value = new byte[ProtocolLimits.MaxRecordBytes] }));

        Assert.Equal(ErrorCode.MessageTooLarge, e.ErrorCode);
        Assert.Equal((0, RecordBatchFormat.HeaderBytes), (builder.RecordCount, builder.SizeInBytes));
    }

    [Fact]
    public void The_announced_size_of_a_record_is_enough_and_not_much_more()
    {
        foreach (var record in TestRecord.Samples)
        {
            using var builder = new RecordBatchBuilder(CompressionType.None, 100_000);
            Assert.True(record.AppendTo(builder));
            var actual = builder.SizeInBytes - RecordBatchFormat.HeaderBytes;

            var announced = RecordBatchBuilder.SizeOf(new RecordFields
            {
                Key = record.Key,
                Value = record.Value,
                Headers = [.. record.Headers.Select(h => new RecordHeader(h.Key, h.Value))],
            });

            Assert.InRange(announced, actual, actual + 36 + (10 * record.Headers.Length));
        }
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Zstd)]
    public void A_builder_that_was_reset_starts_anew(CompressionType compression)
    {
        var records = TestRecord.Many(500, seed: 5);
        using var builder = new RecordBatchBuilder(compression, 1_000_000);
        Assert.True(new TestRecord(long.MaxValue, "left"u8.ToArray(), "over"u8.ToArray(), ("h", [])).AppendTo(builder));
        using var first = builder.Build(9, 9, 9);

        builder.Reset();
        Assert.Equal((0, RecordBatchFormat.HeaderBytes), (builder.RecordCount, builder.SizeInBytes));
        Assert.All(records, r => Assert.True(r.AppendTo(builder)));
        using var second = builder.Build(1, 2, 3);

        Assert.Equal(TestRecord.Build(compression, records, 1, 2, 3), second.Memory.ToArray());
    }

    [Fact]
    public void A_built_batch_outlives_its_builder()
    {
        var record = new TestRecord(1, null, "kept"u8.ToArray());
        var builder = new RecordBatchBuilder(CompressionType.None, 1000);
        record.AppendTo(builder);
        using var bytes = builder.Build(-1, -1, -1);

        builder.Reset();
        new TestRecord(2, null, "other"u8.ToArray()).AppendTo(builder);
        builder.Dispose();

        Assert.Equal(record, Assert.Single(TestRecord.ReadAll(bytes.Memory)).Record);
    }

    [Fact]
    public void Using_it_out_of_turn_is_refused()
    {
        using var builder = new RecordBatchBuilder(CompressionType.None, 1000);

        Assert.Throws<InvalidOperationException>(() => builder.Build(-1, -1, -1));
        builder.TryAppend(default);
        builder.Build(-1, -1, -1).Dispose();
        Assert.Throws<InvalidOperationException>(() => builder.Build(-1, -1, -1));
        Assert.Throws<InvalidOperationException>(() => builder.TryAppend(default));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecordBatchBuilder((CompressionType)5, 1000));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecordBatchBuilder(CompressionType.None, RecordBatchFormat.HeaderBytes - 1));
    }

    [Fact]
    public void A_header_without_a_key_is_refused()
    {
        using var builder = new RecordBatchBuilder(CompressionType.None, 1000);

        Assert.Throws<ArgumentException>(() => builder.TryAppend(new RecordFields { Headers = [default] }));
        Assert.Equal(0, builder.RecordCount);
    }

    [Fact]
    public void Timestamps_of_any_distance_come_back()
    {
        TestRecord[] records = [.. new[] { 0, long.MinValue, long.MaxValue, -1, long.MinValue, 1 }.Select(t => new TestRecord(t, null, null))];

        var batch = TestRecord.Build(CompressionType.None, records);

        Assert.Equal(long.MaxValue, new RecordBatchHeader(batch).MaxTimestamp);
        Assert.Equal(records, TestRecord.ReadAll(batch).Select(r => r.Record));
    }

    [Fact]
    public void What_was_not_set_is_null_and_what_was_said_to_be_null_stays_it()
    {
        var unset = default(RecordFields);
        var set = new RecordFields { Key = default, Value = default };
        var saidBefore = new RecordFields { IsKeyNull = true, Key = default, IsValueNull = true, Value = "x"u8 };
        var saidAfter = new RecordFields { Key = "x"u8, IsKeyNull = true, Value = default, IsValueNull = true };
        var saidNotNull = new RecordFields { IsKeyNull = false, IsValueNull = false };

        Assert.True(unset.IsKeyNull && unset.IsValueNull);
        Assert.False(set.IsKeyNull || set.IsValueNull);
        Assert.True(saidBefore.IsKeyNull && saidBefore.IsValueNull && saidBefore.Value.IsEmpty);
        Assert.True(saidAfter.IsKeyNull && saidAfter.IsValueNull && saidAfter.Key.IsEmpty);
        Assert.False(saidNotNull.IsKeyNull || saidNotNull.IsValueNull);
    }

    [Fact]
    public void A_header_over_a_null_array_has_a_null_value()
    {
        Assert.Null(new RecordHeader("a", null).Value);
        Assert.Null(new RecordHeader("a", (byte[]?)null).Value);
        Assert.NotNull(new RecordHeader("a", []).Value);
    }

    [Fact]
    public void Neither_appending_nor_reading_allocates_for_a_record()
    {
        const int Records = 1000;
        var value = new byte[100];
        using var builder = new RecordBatchBuilder(CompressionType.None, 1_000_000);
        Fill();
        builder.Build(-1, -1, -1).Dispose();

        builder.Reset();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Fill();
        using var bytes = builder.Build(-1, -1, -1);
        using var cursor = RecordCursor.Open(bytes.Memory, 0);
        var read = 0;
        while (cursor.MoveNext())
        {
            read += cursor.Value.Length + cursor.ReadHeaders().Length;
        }

        // A RecordBytes, a cursor, and at most one array that the pool did not have.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 150_000);
        Assert.Equal(Records * value.Length, read);

        void Fill()
        {
            for (var i = 0; i < Records; i++)
            {
                builder.TryAppend(new RecordFields { TimestampMs = i, Value = value });
            }
        }
    }
}
