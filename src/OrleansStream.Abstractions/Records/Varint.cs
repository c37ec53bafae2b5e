using System.Numerics;
using System.Runtime.CompilerServices;

namespace OrleansStream.Records;

/// <summary>
/// The signed numbers inside a record: zigzag (so that small negative numbers stay short), then seven bits a byte, lowest
/// first, the top bit telling that more follow. At most 5 bytes for 32 bits and 10 for 64.
/// </summary>
internal static class Varint
{
    public const int MaxBytes32 = 5;
    public const int MaxBytes64 = 10;

    public static int SizeOf(int value) => SizeOfUnsigned(Zigzag(value));

    public static int SizeOf(long value) => SizeOfUnsigned(Zigzag(value));

    /// <summary>Writes at <paramref name="position"/> and moves it on; the caller has made room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Span<byte> destination, ref int position, int value) => WriteUnsigned(destination, ref position, Zigzag(value));

    /// <inheritdoc cref="Write(Span{byte}, ref int, int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Span<byte> destination, ref int position, long value) => WriteUnsigned(destination, ref position, Zigzag(value));

    /// <summary>Reads at <paramref name="position"/> and moves it on.</summary>
    /// <returns>False when the bytes end inside the number or it has more than 32 bits.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> source, ref int position, out int value)
    {
        if ((uint)position < (uint)source.Length && source[position] < 0x80)
        {
            var zigzag = source[position++];
            value = (zigzag >> 1) ^ -(zigzag & 1);
            return true;
        }

        var read = TryReadLong(source, ref position, MaxBytes32, out var bits);
        value = (int)((uint)bits >> 1) ^ -(int)(bits & 1);
        return read && bits <= uint.MaxValue;
    }

    /// <summary>Reads at <paramref name="position"/> and moves it on.</summary>
    /// <returns>False when the bytes end inside the number or it has more than 64 bits.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> source, ref int position, out long value)
    {
        if ((uint)position < (uint)source.Length && source[position] < 0x80)
        {
            var zigzag = source[position++];
            value = (zigzag >> 1) ^ -(zigzag & 1);
            return true;
        }

        var read = TryReadLong(source, ref position, MaxBytes64, out var bits);
        value = (long)(bits >> 1) ^ -(long)(bits & 1);
        return read;
    }

    private static uint Zigzag(int value) => (uint)((value << 1) ^ (value >> 31));

    private static ulong Zigzag(long value) => (ulong)((value << 1) ^ (value >> 63));

    // A byte for every seven bits, rounded up: (9 * log2 + 73) / 64 is that quotient for every log2 from 0 to 63.
    private static int SizeOfUnsigned(ulong bits) => ((BitOperations.Log2(bits | 1) * 9) + 73) >> 6;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteUnsigned(Span<byte> destination, ref int position, ulong bits)
    {
        while (bits >= 0x80)
        {
            destination[position++] = (byte)(bits | 0x80);
            bits >>= 7;
        }

        destination[position++] = (byte)bits;
    }

    private static bool TryReadLong(ReadOnlySpan<byte> source, ref int position, int maxBytes, out ulong bits)
    {
        bits = 0;
        for (var i = 0; i < maxBytes && (uint)position < (uint)source.Length; i++)
        {
            var next = source[position++];
            bits |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80)
            {
                return i < MaxBytes64 - 1 || next <= 1;
            }
        }

        return false;
    }
}
