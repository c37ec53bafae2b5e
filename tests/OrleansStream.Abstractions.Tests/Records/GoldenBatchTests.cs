using System.Text;
using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

/// <summary>Log segments that Kafka 4.3.1 stored as real clients sent them. Golden/README.md tells how they were made.</summary>
public sealed class GoldenBatchTests
{
    private static readonly TestRecord[] s_expected =
    [
        new(1_600_000_000_000, null, null),
        new(1_600_000_000_001, [], []),
        new(1_599_999_999_000, "key"u8.ToArray(), "value"u8.ToArray(), ("a", "1"u8.ToArray()), ("a", null), ("", []), ("名前", "ümlaut"u8.ToArray())),
        new(1_600_000_000_500, null, Encoding.ASCII.GetBytes(new string('x', 2000))),
        new(1_600_000_001_000, "tombstone"u8.ToArray(), null),
        new(1_600_000_000_002, "binary"u8.ToArray(), [.. Enumerable.Range(0, 256).Select(i => (byte)i)]),
        new(1_600_000_000_003, "second batch"u8.ToArray(), Encoding.ASCII.GetBytes(new string('x', 200))),
    ];

    public static TheoryData<string, CompressionType, bool> Files
    {
        get
        {
            var files = new TheoryData<string, CompressionType, bool>();
            foreach (var client in new[] { "java", "librdkafka" })
            {
                foreach (var compression in Enum.GetValues<CompressionType>())
                {
#pragma warning disable CA1308 // File names are in lower case.
                    files.Add($"{client}-{compression.ToString().ToLowerInvariant()}-plain", compression, false);
                    files.Add($"{client}-{compression.ToString().ToLowerInvariant()}-idempotent", compression, true);
#pragma warning restore CA1308
                }
            }

            return files;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Batches_of_other_clients_are_read_field_by_field(string file, CompressionType compression, bool isIdempotent)
    {
        var batches = Read(file);

        Assert.Equal(2, batches.Count);
        for (var i = 0; i < batches.Count; i++)
        {
            var expected = i == 0 ? s_expected[..6] : s_expected[6..];
            var header = new RecordBatchHeader(batches[i].Span);
            Assert.Equal(Crc32C.Compute(batches[i].Span[RecordBatchFormat.AttributesAt..]), header.Crc);
            Assert.Equal(compression, header.Compression);
            Assert.False(header.IsLogAppendTime || header.IsTransactional || header.IsControl || header.HasDeleteHorizon);
            Assert.Equal((i == 0 ? 0L : 6, expected.Length, expected.Length - 1), (header.BaseOffset, header.RecordCount, header.LastOffsetDelta));
            Assert.Equal((expected[0].TimestampMs, expected.Max(r => r.TimestampMs)), (header.BaseTimestamp, header.MaxTimestamp));
            Assert.Equal(isIdempotent, header.ProducerId >= 0);
            Assert.Equal(isIdempotent ? (0, i == 0 ? 0 : 6) : (-1, -1), (header.ProducerEpoch, header.BaseSequence));

            var baseOffset = new Offset(header.BaseOffset);
            Assert.Equal(expected.Select((r, at) => (baseOffset + at, r)), TestRecord.ReadAll(batches[i]));
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Batches_of_other_clients_pass_the_checks_of_an_append(string file, CompressionType compression, bool isIdempotent)
    {
        foreach (var batch in Read(file))
        {
            // As it was sent: the broker has put the offset in since.
            var sent = BatchBytes.Edit(batch.Span, b => b.AsSpan(0, sizeof(long)).Clear());

            Assert.Equal(ErrorCode.None, RecordBatchValidation.Check(sent, 1024 * 1024, out var problem));
            Assert.Null(problem);
        }

        Assert.Equal((compression, isIdempotent), (new RecordBatchHeader(Read(file)[0].Span).Compression, file.EndsWith("idempotent", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("java-none-plain")]
    [InlineData("java-none-idempotent")]
    [InlineData("librdkafka-none-plain")]
    [InlineData("librdkafka-none-idempotent")]
    public void The_builder_writes_the_same_bytes_as_other_clients(string file)
    {
        var golden = Read(file)[0];
        var header = new RecordBatchHeader(golden.Span);

        var built = TestRecord.Build(CompressionType.None, s_expected[..6], header.ProducerId, header.ProducerEpoch, header.BaseSequence);

        Assert.Equal(golden.Span[RecordBatchFormat.PrefixBytes..], built.AsSpan(RecordBatchFormat.PrefixBytes));
    }

    [Fact]
    public void With_log_append_time_every_record_has_the_time_of_arrival()
    {
        var batch = Read("java-log-append-time")[0];
        var arrival = new RecordBatchHeader(batch.Span).MaxTimestamp;

        Assert.True(new RecordBatchHeader(batch.Span).IsLogAppendTime);
        Assert.True(arrival > s_expected.Max(r => r.TimestampMs));
        Assert.Equal(s_expected[..6].Select(r => r with { TimestampMs = arrival }), TestRecord.ReadAll(batch).Select(r => r.Record));
    }

    [Fact]
    public void A_transaction_ends_in_a_control_batch()
    {
        var batches = Read("java-transaction");

        Assert.Equal([(true, false), (true, false), (true, true)], batches.Select(b => (new RecordBatchHeader(b.Span).IsTransactional, new RecordBatchHeader(b.Span).IsControl)));
        var (offset, marker) = Assert.Single(TestRecord.ReadAll(batches[2]));
        Assert.Equal(new Offset(7), offset);
        Assert.Equal([0, 0, 0, 1], marker.Key!);
        Assert.Equal(s_expected, batches.Take(2).SelectMany(b => TestRecord.ReadAll(b)).Select(r => r.Record));
    }

    private static List<ReadOnlyMemory<byte>> Read(string file)
    {
        ReadOnlyMemory<byte> rest = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", file + ".bin"));
        var batches = new List<ReadOnlyMemory<byte>>();
        while (RecordBatchReader.TryReadBatch(rest, out var batch))
        {
            batches.Add(batch);
            rest = rest[batch.Length..];
        }

        Assert.True(rest.IsEmpty);
        return batches;
    }
}
