using System.Buffers.Binary;
using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

public sealed class RecordBatchValidationTests
{
    private static readonly byte[] s_good = TestRecord.Build(CompressionType.None, TestRecord.Samples, producerId: 1, producerEpoch: 0, baseSequence: 0);

    [Fact]
    public void A_good_batch_passes()
    {
        Assert.Equal(ErrorCode.None, RecordBatchValidation.Check(s_good, s_good.Length, out var problem));
        Assert.Null(problem);
    }

    [Fact]
    public void Base_offset_and_leader_epoch_are_outside_the_checksum()
    {
        var stored = s_good.ToArray();
        BinaryPrimitives.WriteInt64BigEndian(stored, 77);
        BinaryPrimitives.WriteInt32BigEndian(stored.AsSpan(RecordBatchFormat.LeaderEpochAt), 5);

        Assert.Equal(ErrorCode.None, RecordBatchValidation.CheckIntegrity(stored, out _));
        Assert.Equal(ErrorCode.InvalidRecord, RecordBatchValidation.Check(stored, int.MaxValue, out var problem));
        Assert.Contains("base offset 77", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cut_and_every_flipped_bit_under_the_checksum_is_noticed()
    {
        for (var length = 1; length < s_good.Length; length++)
        {
            Assert.Equal(ErrorCode.CorruptMessage, RecordBatchValidation.Check(s_good.AsSpan(0, length), int.MaxValue, out _));
        }

        for (var bit = RecordBatchFormat.CrcAt * 8; bit < s_good.Length * 8; bit++)
        {
            var damaged = s_good.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(ErrorCode.CorruptMessage, RecordBatchValidation.Check(damaged, int.MaxValue, out _));
        }
    }

    [Fact]
    public void Nothing_and_too_much_are_refused()
    {
        Assert.Equal(ErrorCode.InvalidRecord, RecordBatchValidation.Check([], int.MaxValue, out _));
        Assert.Equal(ErrorCode.InvalidRecord, RecordBatchValidation.Check([.. s_good, .. s_good], int.MaxValue, out var problem));
        Assert.Contains("exactly one batch", problem, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.MessageTooLarge, RecordBatchValidation.Check(s_good, s_good.Length - 1, out _));
    }

    [Theory]
    [InlineData(0, ErrorCode.InvalidRecord)]
    [InlineData(1, ErrorCode.InvalidRecord)]
    [InlineData(3, ErrorCode.CorruptMessage)]
    [InlineData(255, ErrorCode.CorruptMessage)]
    public void Other_formats_are_refused(byte magic, ErrorCode expected)
    {
        var other = BatchBytes.Edit(s_good, b => b[RecordBatchFormat.MagicAt] = magic);

        Assert.Equal(expected, RecordBatchValidation.Check(other, int.MaxValue, out _));
    }

    [Theory]
    [InlineData("compression", RecordBatchFormat.AttributesAt, 2, 5, ErrorCode.UnsupportedCompressionType)]
    [InlineData("compression", RecordBatchFormat.AttributesAt, 2, 7, ErrorCode.UnsupportedCompressionType)]
    [InlineData("timestamps of the server", RecordBatchFormat.AttributesAt, 2, 0x08, ErrorCode.InvalidTimestamp)]
    [InlineData("transaction", RecordBatchFormat.AttributesAt, 2, 0x10, ErrorCode.InvalidRecord)]
    [InlineData("control batch", RecordBatchFormat.AttributesAt, 2, 0x20, ErrorCode.InvalidRecord)]
    [InlineData("delete horizon", RecordBatchFormat.AttributesAt, 2, 0x40, ErrorCode.InvalidRecord)]
    [InlineData("last offset delta", RecordBatchFormat.LastOffsetDeltaAt, 4, 3, ErrorCode.InvalidRecord)]
    [InlineData("last offset delta", RecordBatchFormat.RecordCountAt, 4, 8, ErrorCode.InvalidRecord)]
    [InlineData("claims 0 records", RecordBatchFormat.RecordCountAt, 4, 0, ErrorCode.InvalidRecord)]
    [InlineData("claims -1 records", RecordBatchFormat.RecordCountAt, 4, -1, ErrorCode.InvalidRecord)]
    [InlineData("sequence number", RecordBatchFormat.BaseSequenceAt, 4, -1, ErrorCode.InvalidRecord)]
    [InlineData("producer epoch", RecordBatchFormat.ProducerEpochAt, 2, -1, ErrorCode.InvalidRecord)]
    public void A_header_that_breaks_a_rule_is_refused_by_name(string rule, int at, int size, int value, ErrorCode expected)
    {
        var batch = BatchBytes.Edit(s_good, b =>
        {
            if (size == sizeof(short))
            {
                BinaryPrimitives.WriteInt16BigEndian(b.AsSpan(at), (short)value);
            }
            else
            {
                BinaryPrimitives.WriteInt32BigEndian(b.AsSpan(at), value);
            }
        });

        Assert.Equal(expected, RecordBatchValidation.Check(batch, int.MaxValue, out var problem));
        Assert.Contains(rule, problem, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void More_records_than_the_bytes_can_hold_are_refused()
    {
        var many = BatchBytes.Around(new byte[20], count: 3);
        var none = BatchBytes.Around([], count: 1, CompressionType.Gzip);

        Assert.Equal(ErrorCode.InvalidRecord, RecordBatchValidation.Check(many, int.MaxValue, out _));
        Assert.Equal(ErrorCode.InvalidRecord, RecordBatchValidation.Check(none, int.MaxValue, out _));
    }
}
