using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

public sealed class RecordBatchRoundTripTests
{
    public static TheoryData<CompressionType> Codecs => TestRecord.Codecs;

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Every_kind_of_record_comes_back_as_it_was(CompressionType compression)
    {
        var batch = TestRecord.Build(compression, TestRecord.Samples, producerId: 42, producerEpoch: 3, baseSequence: 7);

        var header = new RecordBatchHeader(batch);
        Assert.Equal(ErrorCode.None, RecordBatchValidation.Check(batch, int.MaxValue, out var problem));
        Assert.Null(problem);
        Assert.Equal(compression, header.Compression);
        Assert.Equal(0, header.BaseOffset);
        Assert.Equal(LeaderEpoch.None.Value, header.LeaderEpoch);
        Assert.Equal((42L, (short)3, 7), (header.ProducerId, header.ProducerEpoch, header.BaseSequence));
        Assert.Equal((TestRecord.Samples.Length, TestRecord.Samples.Length - 1), (header.RecordCount, header.LastOffsetDelta));
        Assert.Equal(TestRecord.Samples[0].TimestampMs, header.BaseTimestamp);
        Assert.Equal(TestRecord.Samples.Max(r => r.TimestampMs), header.MaxTimestamp);
        Assert.Equal(TestRecord.Samples.Select((r, i) => (new Offset(i), r)), TestRecord.ReadAll(batch));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_large_batch_comes_back_as_it_was(CompressionType compression)
    {
        var records = TestRecord.Many(20_000, seed: 3);

        var batch = TestRecord.Build(compression, records);

        Assert.Equal(compression, new RecordBatchHeader(batch).Compression);
        Assert.Equal(records, TestRecord.ReadAll(batch).Select(r => r.Record));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void What_does_not_compress_is_stored_as_it_is(CompressionType compression)
    {
        var noise = new byte[100_000];
        new Random(4).NextBytes(noise);
        TestRecord[] records = [new(1, null, noise)];

        var batch = TestRecord.Build(compression, records);

        Assert.Equal(CompressionType.None, new RecordBatchHeader(batch).Compression);
        Assert.Equal(records, TestRecord.ReadAll(batch).Select(r => r.Record));
    }
}
