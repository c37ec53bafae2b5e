using System.Buffers.Binary;
using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

public sealed class RecordBatchReaderTests
{
    [Fact]
    public void A_buffer_is_cut_into_its_whole_batches_wherever_it_ends()
    {
        byte[][] batches = [.. Enumerable.Range(0, 3).Select(i => TestRecord.Build(CompressionType.None, [new TestRecord(i, null, new byte[10 * i])]))];
        byte[] buffer = [.. batches.SelectMany(b => b)];

        for (var length = 0; length <= buffer.Length; length++)
        {
            var rest = buffer.AsMemory(0, length);
            var whole = 0;
            while (RecordBatchReader.TryReadBatch(rest, out var batch))
            {
                Assert.Equal(batches[whole++], batch.ToArray());
                rest = rest[batch.Length..];
            }

            Assert.Equal(batches.Select((_, i) => batches.Take(i + 1).Sum(b => b.Length)).Count(end => end <= length), whole);
        }
    }

    [Theory]
    [InlineData(int.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(48)]
    public void A_length_that_no_batch_has_is_reported(int length)
    {
        var buffer = TestRecord.Build(CompressionType.None, TestRecord.Samples);
        BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(RecordBatchFormat.BatchLengthAt), length);

        var e = Assert.Throws<OrleansStreamException>(() => RecordBatchReader.TryReadBatch(buffer, out _));

        Assert.Equal(ErrorCode.CorruptMessage, e.ErrorCode);
    }
}
