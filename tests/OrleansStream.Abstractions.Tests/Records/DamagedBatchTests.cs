using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

/// <summary>Whatever happens to a batch's bytes, reading it works or ends in <see cref="ErrorCode.CorruptMessage"/>.</summary>
public sealed class DamagedBatchTests
{
    private const int Seed = 20_260_801;
    private const int MaxDecompressedBytes = 64 * 1024;

    public static TheoryData<CompressionType> Codecs => TestRecord.Codecs;

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_flipped_bit_is_caught_by_the_checksum(CompressionType compression)
    {
        var batch = Batch(compression);

        for (var at = RecordBatchFormat.MagicAt; at < batch.Length; at++)
        {
            var damaged = batch.ToArray();
            damaged[at] ^= (byte)(1 << (at % 8));
            BatchBytes.AssertCorrupt(damaged, MaxDecompressedBytes);
        }
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_cut_is_caught_wherever_it_is(CompressionType compression)
    {
        var batch = Batch(compression);

        for (var length = 0; length < batch.Length; length++)
        {
            BatchBytes.AssertCorrupt(batch.AsMemory(0, length), MaxDecompressedBytes);
        }
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_cut_under_a_right_checksum_loses_no_record_silently(CompressionType compression)
    {
        var batch = Batch(compression);
        var records = TestRecord.ReadAll(batch);

        for (var length = RecordBatchFormat.HeaderBytes; length < batch.Length; length++)
        {
            var cut = BatchBytes.Edit(batch.AsSpan(0, length), _ => { });

            // Of a gzip stream the last bytes only repeat what is known.
            Assert.True(!BatchBytes.IsReadable(cut, MaxDecompressedBytes) || records.SequenceEqual(TestRecord.ReadAll(cut)));
        }
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Damage_under_a_right_checksum_never_ends_in_another_exception(CompressionType compression)
    {
        var batch = Batch(compression);
        var random = new Random(Seed);
        var caught = 0;
        for (var at = RecordBatchFormat.AttributesAt; at < batch.Length; at++)
        {
            foreach (var value in (ReadOnlySpan<byte>)[0, 0x7F, 0x80, 0xFF, (byte)(batch[at] ^ (1 << random.Next(8))), (byte)random.Next(256)])
            {
                var damaged = BatchBytes.Edit(batch, b => b[at] = value);
                caught += BatchBytes.IsReadable(damaged, MaxDecompressedBytes) ? 0 : 1;
            }
        }

        Assert.InRange(caught, batch.Length / 2, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Noise_under_a_right_checksum_never_ends_in_another_exception(CompressionType compression)
    {
        var batch = Batch(compression);
        var random = new Random(Seed);
        for (var run = 0; run < 2000; run++)
        {
            var damaged = BatchBytes.Edit(batch, b =>
            {
                var start = random.Next(RecordBatchFormat.HeaderBytes, b.Length);
                random.NextBytes(b.AsSpan(start, random.Next(1, Math.Min(16, b.Length - start) + 1)));
            });
            BatchBytes.IsReadable(damaged, MaxDecompressedBytes);
        }
    }

    private static byte[] Batch(CompressionType compression) => TestRecord.Build(compression, [.. TestRecord.Samples[..5], .. TestRecord.Many(8, seed: 1)], 1, 0, 0);
}
