using System.Buffers.Binary;
using System.IO.Compression;
using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

public sealed class DecompressionLimitTests
{
    private const int BombBytes = 32 * 1024 * 1024;
    private const int LimitBytes = 256 * 1024;

    public static TheoryData<CompressionType> Codecs => new(Enum.GetValues<CompressionType>().Where(c => c != CompressionType.None));

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_bomb_is_refused_without_the_memory_it_asks_for(CompressionType compression)
    {
        var bomb = TestRecord.Build(compression, [new TestRecord(1, null, new byte[BombBytes])]);
        BatchBytes.AssertCorrupt(bomb, LimitBytes);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var e = BatchBytes.AssertCorrupt(bomb, LimitBytes);

        Assert.Contains($"more than the {LimitBytes} bytes", e.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 * LimitBytes);
        Assert.InRange(bomb.Length, 1, BombBytes / 20);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void The_limit_is_exact(CompressionType compression)
    {
        var records = TestRecord.Many(5000, seed: 6);
        var batch = TestRecord.Build(compression, records);
        var decompressed = TestRecord.Build(CompressionType.None, records).Length - RecordBatchFormat.HeaderBytes;

        Assert.Equal(records.Length, TestRecord.ReadAll(batch, decompressed).Count);
        BatchBytes.AssertCorrupt(batch, decompressed - 1);
        BatchBytes.AssertCorrupt(batch, 0);
    }

    [Theory]
    [InlineData(CompressionType.Gzip, "not a whole gzip stream", new byte[] { 0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F })]
    [InlineData(CompressionType.Snappy, "6 bytes cannot hold 4294967295", new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0 })]
    [InlineData(CompressionType.Snappy, "6 bytes cannot hold 2147483647", new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0 })]
    [InlineData(CompressionType.Zstd, "corruption", new byte[] { 0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0, 1, 0, 0 })]
    [InlineData(CompressionType.Lz4, "more than the 262144 bytes", new byte[] { 0x04, 0x22, 0x4D, 0x18, 0x68, 0x40, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0, 0xF2, 0, 0, 0, 0 })]
    public void A_few_bytes_that_claim_to_hold_gigabytes_cost_nothing(CompressionType compression, string fault, byte[] section)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();

        var e = BatchBytes.AssertCorrupt(BatchBytes.Around(section, compression: compression), LimitBytes);

        Assert.Contains(fault, e.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 * LimitBytes);
    }

    [Fact]
    public void Gzip_that_understates_its_size_is_read_in_full()
    {
        var records = TestRecord.Many(5000, seed: 7);
        var section = TestRecord.Build(CompressionType.None, records).AsSpan(RecordBatchFormat.HeaderBytes);
        var members = new MemoryStream();

        // Each part's trailer tells only its own size, and only that of the last is looked at.
        foreach (var part in new[] { section[..^10].ToArray(), section[^10..].ToArray() })
        {
            using var gzip = new GZipStream(members, CompressionLevel.Fastest, leaveOpen: true);
            gzip.Write(part);
        }

        var batch = BatchBytes.Around(members.ToArray(), records.Length, CompressionType.Gzip);
        batch = BatchBytes.Edit(batch, b => BinaryPrimitives.WriteInt64BigEndian(b.AsSpan(RecordBatchFormat.BaseTimestampAt), records[0].TimestampMs));
        Assert.Equal(records, TestRecord.ReadAll(batch).Select(r => r.Record));
    }
}
