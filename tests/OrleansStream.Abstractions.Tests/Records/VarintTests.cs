using OrleansStream.Records;

namespace OrleansStream.Abstractions.Tests.Records;

public sealed class VarintTests
{
    [Fact]
    public void Numbers_around_every_power_of_two_come_back_in_the_announced_size()
    {
        Span<byte> buffer = stackalloc byte[Varint.MaxBytes64];
        foreach (var number in Enumerable.Range(0, 64).SelectMany(bit => new[] { (1L << bit) - 1, 1L << bit, -(1L << bit), ~(1L << bit) }))
        {
            var (written, read) = (0, 0);
            Varint.Write(buffer, ref written, number);
            Assert.True(Varint.TryRead(buffer[..written], ref read, out long value));
            Assert.Equal((number, written, written), (value, read, Varint.SizeOf(number)));

            (written, read) = (0, 0);
            Varint.Write(buffer, ref written, (int)number);
            Assert.True(Varint.TryRead(buffer[..written], ref read, out int narrow));
            Assert.Equal(((int)number, written, written), (narrow, read, Varint.SizeOf((int)number)));
        }
    }

    [Fact]
    public void A_number_that_is_cut_off_or_too_large_is_refused()
    {
        byte[][] cutOff = [[], [0x80], [0xFF, 0xFF, 0xFF]];
        byte[] tooLargeFor32 = [0x80, 0x80, 0x80, 0x80, 0x10];
        byte[] tooLargeFor64 = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02];

        Assert.All(cutOff, bytes => Assert.False(Reads32(bytes) || Reads64(bytes)));
        Assert.False(Reads32(tooLargeFor32));
        Assert.True(Reads64(tooLargeFor32));
        Assert.False(Reads64(tooLargeFor64));
    }

    private static bool Reads32(byte[] bytes)
    {
        var at = 0;
        return Varint.TryRead(bytes, ref at, out int _);
    }

    private static bool Reads64(byte[] bytes)
    {
        var at = 0;
        return Varint.TryRead(bytes, ref at, out long _);
    }
}
