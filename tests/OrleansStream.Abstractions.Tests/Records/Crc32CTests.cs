using System.Text;
using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

public sealed class Crc32CTests
{
    [Fact]
    public void Known_vectors_are_met()
    {
        var ascending = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();

        Assert.Equal(0u, Crc32C.Compute([]));
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute(ascending));
        Assert.Equal(0x113FDB5Cu, Crc32C.Compute(ascending.Reverse().ToArray()));
        Assert.Equal(0x22620404u, Crc32C.Compute(Encoding.ASCII.GetBytes("The quick brown fox jumps over the lazy dog")));
    }

    [Fact]
    public void Every_length_and_alignment_agrees_with_the_definition()
    {
        var data = new byte[3 * 3 * 4096];
        new Random(1).NextBytes(data);

        foreach (var length in Enumerable.Range(0, 1600).Concat([12_287, 12_288, 12_289, 13_055, 13_056, 13_063, 24_576, 30_000]))
        {
            var part = data.AsSpan(length % 9, length);

            Assert.Equal(BitByBit(part), Crc32C.Compute(part));
        }
    }

    [Fact]
    public void A_checksum_can_be_continued_at_any_byte()
    {
        var data = new byte[2000];
        new Random(2).NextBytes(data);
        var whole = Crc32C.Compute(data);

        for (var cut = 0; cut <= data.Length; cut += 7)
        {
            Assert.Equal(whole, Crc32C.Append(Crc32C.Compute(data.AsSpan(0, cut)), data.AsSpan(cut)));
        }
    }

    private static uint BitByBit(ReadOnlySpan<byte> data)
    {
        var register = uint.MaxValue;
        foreach (var value in data)
        {
            register ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                register = (register >> 1) ^ ((register & 1) * 0x82F63B78);
            }
        }

        return ~register;
    }
}
