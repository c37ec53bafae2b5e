using System.Buffers;
using System.Buffers.Binary;
using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

public sealed class RecordCursorTests
{
    // Length 7 (zigzag 14), attributes, timestamp 0, offset 0, null key, value "v", no headers.
    private static readonly byte[] s_record = [14, 0, 0, 0, 1, 2, (byte)'v', 0];

    [Fact]
    public void Gaps_left_by_compaction_keep_every_record_at_its_offset()
    {
        byte[] second = [.. s_record];
        second[3] = 2 * 7;
        var compacted = BatchBytes.Edit(BatchBytes.Around([.. s_record, .. second], count: 2), b =>
        {
            BinaryPrimitives.WriteInt64BigEndian(b, 100);
            BinaryPrimitives.WriteInt32BigEndian(b.AsSpan(RecordBatchFormat.LastOffsetDeltaAt), 9);
        });

        Assert.Equal([new Offset(100), new Offset(107)], TestRecord.ReadAll(compacted).Select(r => r.Offset));
        Assert.Equal(109, new RecordBatchHeader(compacted).LastOffset);
    }

    [Fact]
    public void A_batch_that_compaction_emptied_has_no_records()
    {
        var emptied = BatchBytes.Edit(BatchBytes.Around([], count: 0), b =>
            BinaryPrimitives.WriteInt32BigEndian(b.AsSpan(RecordBatchFormat.LastOffsetDeltaAt), 9));

        Assert.Empty(TestRecord.ReadAll(emptied));
        Assert.Empty(TestRecord.ReadAll(BatchBytes.WithAttributes(emptied, (short)CompressionType.Gzip)));
    }

    [Fact]
    public void A_time_stamped_by_the_server_is_that_of_every_record()
    {
        var batch = BatchBytes.WithAttributes(TestRecord.Build(CompressionType.None, TestRecord.Samples), RecordBatchFormat.LogAppendTimeFlag);

        Assert.All(TestRecord.ReadAll(batch), r => Assert.Equal(TestRecord.Samples.Max(s => s.TimestampMs), r.Record.TimestampMs));
    }

    [Fact]
    public void With_a_delete_horizon_timestamps_are_differences_to_it()
    {
        byte[] record = [.. s_record];
        record[2] = 2 * 5;
        var batch = BatchBytes.WithAttributes(BatchBytes.Around(record), RecordBatchFormat.DeleteHorizonFlag);

        Assert.True(new RecordBatchHeader(batch).HasDeleteHorizon);
        Assert.Equal(1005, Assert.Single(TestRecord.ReadAll(batch)).Record.TimestampMs);
    }

    [Theory]
    [InlineData("its length reaches beyond the batch", new byte[] { 16, 0, 0, 0, 1, 2, (byte)'v', 0 })]
    [InlineData("its length reaches beyond the batch", new byte[] { 1, 0, 0, 0, 1, 2, (byte)'v', 0 })]
    [InlineData("its length reaches beyond the batch", new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 2, (byte)'v', 0 })]
    [InlineData("1 bytes follow its last record", new byte[] { 14, 0, 0, 0, 1, 2, (byte)'v', 0, 0 })]
    [InlineData("2 bytes follow its last record", new byte[] { 12, 0, 0, 0, 1, 1, 0, 0, 0 })]
    [InlineData("it ends before its offset", new byte[] { 0, 0, 0, 0, 1, 2, (byte)'v', 0 })]
    [InlineData("it ends before its offset", new byte[] { 6, 0, 0, 0x80, 1, 2, (byte)'v', 0 })]
    [InlineData("its offset delta -1 ", new byte[] { 14, 0, 0, 1, 1, 2, (byte)'v', 0 })]
    [InlineData("its offset delta 1 ", new byte[] { 14, 0, 0, 2, 1, 2, (byte)'v', 0 })]
    [InlineData("its key reaches beyond its end", new byte[] { 14, 0, 0, 0, 3, 2, (byte)'v', 0 })]
    [InlineData("its key reaches beyond its end", new byte[] { 14, 0, 0, 0, 8, 2, (byte)'v', 0 })]
    [InlineData("its value reaches beyond its end", new byte[] { 14, 0, 0, 0, 1, 3, (byte)'v', 0 })]
    [InlineData("its value reaches beyond its end", new byte[] { 14, 0, 0, 0, 1, 6, (byte)'v', 0 })]
    [InlineData("its header count is missing", new byte[] { 14, 0, 0, 0, 1, 4, (byte)'v', 0 })]
    [InlineData("its header count is missing or negative", new byte[] { 14, 0, 0, 0, 1, 2, (byte)'v', 1 })]
    [InlineData("it claims 1 headers in 0 bytes", new byte[] { 14, 0, 0, 0, 1, 2, (byte)'v', 2 })]
    [InlineData("it claims 2147483647 headers", new byte[] { 22, 0, 0, 0, 1, 1, 0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0 })]
    [InlineData("the key of header 0 is null", new byte[] { 16, 0, 0, 0, 1, 1, 2, 1, 1 })]
    [InlineData("the key of header 0 is null or reaches beyond", new byte[] { 16, 0, 0, 0, 1, 1, 2, 4, 1 })]
    [InlineData("the value of header 0 reaches beyond", new byte[] { 16, 0, 0, 0, 1, 1, 2, 0, 2 })]
    [InlineData("1 bytes follow its last field", new byte[] { 14, 0, 0, 0, 1, 1, 0, 0 })]
    public void A_malformed_record_is_reported_with_its_fault(string fault, byte[] record)
    {
        var e = BatchBytes.AssertCorrupt(BatchBytes.Around(record));

        Assert.Contains(fault, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Offsets_that_do_not_grow_are_reported()
    {
        var e = BatchBytes.AssertCorrupt(BatchBytes.Around([.. s_record, .. s_record], count: 2));

        Assert.Contains("record 1 of 2: its offset delta 0", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_count_that_the_bytes_cannot_hold_is_reported_at_once()
    {
        var e = BatchBytes.AssertCorrupt(BatchBytes.Around(s_record, count: int.MaxValue));

        Assert.Contains("do not fit into 8 bytes", e.Message, StringComparison.Ordinal);
        BatchBytes.AssertCorrupt(BatchBytes.Around(s_record, count: -1));
    }

    [Fact]
    public void An_unknown_compression_is_reported()
    {
        BatchBytes.AssertCorrupt(BatchBytes.Around(s_record, compression: (CompressionType)5));
    }

    [Fact]
    public void A_wrong_checksum_is_reported_before_anything_is_read()
    {
        var batch = TestRecord.Build(CompressionType.None, TestRecord.Samples);
        batch[^1] ^= 1;

        var e = Assert.Throws<OrleansStreamException>(() => RecordCursor.Open(batch, TestRecord.MaxDecompressedBytes));

        Assert.Equal(ErrorCode.CorruptMessage, e.ErrorCode);
        Assert.Contains("checksum", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Lz4)]
    public async Task A_cursor_may_be_kept_across_awaits(CompressionType compression)
    {
        var records = TestRecord.Many(100, seed: 8);
        using var cursor = RecordCursor.Open(TestRecord.Build(compression, records), TestRecord.MaxDecompressedBytes);

        for (var i = 0; cursor.MoveNext(); i++)
        {
            await Task.Yield();
            Assert.Equal(records[i].Value, cursor.Value.ToArray());
        }

        Assert.False(cursor.MoveNext());
    }

    [Fact]
    public void After_disposal_it_refuses_to_look_into_memory_that_is_no_longer_its_own()
    {
        var cursor = RecordCursor.Open(TestRecord.Build(CompressionType.Snappy, TestRecord.Samples), TestRecord.MaxDecompressedBytes);
        Assert.True(cursor.MoveNext());

        cursor.Dispose();
        cursor.Dispose();

        Assert.Throws<ObjectDisposedException>(() => cursor.Value.Length);
        Assert.Throws<ObjectDisposedException>(() => cursor.MoveNext());
        Assert.Throws<ObjectDisposedException>(cursor.ReadHeaders);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Memory_that_is_no_array_is_read_as_well(CompressionType compression)
    {
        using var memory = new NoArray(TestRecord.Build(compression, TestRecord.Samples));

        Assert.Equal(TestRecord.Samples, TestRecord.ReadAll(memory.Memory).Select(r => r.Record));
    }

    public static TheoryData<CompressionType> Codecs => TestRecord.Codecs;

    private sealed class NoArray(byte[] bytes) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => bytes;

        public override MemoryHandle Pin(int elementIndex = 0) => bytes.AsMemory(elementIndex).Pin();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
