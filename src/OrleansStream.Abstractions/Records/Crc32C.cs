using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OrleansStream.Records;

/// <summary>CRC-32C (Castagnoli), the checksum of record batches, on the processor's own instruction where it has one.</summary>
/// <remarks>
/// The instruction takes eight bytes at a time and answers three cycles later, so three independent streams keep it busy: the
/// data is cut into three neighbouring blocks, each summed on its own, and the sums are joined. Joining uses that the checksum
/// is linear: a register that has seen A, after n more zero bytes, is the register multiplied by x^(8n) modulo the polynomial.
/// That product is tabulated for the two block sizes.
/// </remarks>
public static class Crc32C
{
    private const uint ReversedPolynomial = 0x82F63B78;
    private const int LongBlockBytes = 4096;
    private const int ShortBlockBytes = 256;

    private static readonly uint[] s_longShift = BuildShift(LongBlockBytes);
    private static readonly uint[] s_shortShift = BuildShift(ShortBlockBytes);

    /// <summary>The checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>Continues a checksum: <c>Append(Compute(a), b)</c> is the checksum of a followed by b.</summary>
    /// <param name="crc">The checksum of what came before; 0 when nothing did.</param>
    /// <param name="data">What follows.</param>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        var register = ~crc;
        ref var at = ref MemoryMarshal.GetReference(data);
        var left = data.Length;
        while (left >= 3 * LongBlockBytes)
        {
            register = ThreeBlocks(register, ref at, LongBlockBytes, s_longShift);
            at = ref Unsafe.Add(ref at, 3 * LongBlockBytes);
            left -= 3 * LongBlockBytes;
        }

        while (left >= 3 * ShortBlockBytes)
        {
            register = ThreeBlocks(register, ref at, ShortBlockBytes, s_shortShift);
            at = ref Unsafe.Add(ref at, 3 * ShortBlockBytes);
            left -= 3 * ShortBlockBytes;
        }

        for (; left >= sizeof(ulong); left -= sizeof(ulong))
        {
            register = BitOperations.Crc32C(register, Load(ref at, 0));
            at = ref Unsafe.Add(ref at, sizeof(ulong));
        }

        for (; left > 0; left--)
        {
            register = BitOperations.Crc32C(register, at);
            at = ref Unsafe.Add(ref at, 1);
        }

        return ~register;
    }

    private static uint ThreeBlocks(uint first, ref byte start, int blockBytes, uint[] shift)
    {
        uint second = 0, third = 0;
        for (var i = 0; i < blockBytes; i += sizeof(ulong))
        {
            first = BitOperations.Crc32C(first, Load(ref start, i));
            second = BitOperations.Crc32C(second, Load(ref start, i + blockBytes));
            third = BitOperations.Crc32C(third, Load(ref start, i + (2 * blockBytes)));
        }

        return Shift(Shift(first, shift) ^ second, shift) ^ third;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Load(ref byte start, int offset)
    {
        var value = Unsafe.ReadUnaligned<ulong>(ref Unsafe.AddByteOffset(ref start, offset));
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    private static uint Shift(uint register, uint[] table) =>
        table[register & 0xFF]
        ^ table[0x100 + ((register >> 8) & 0xFF)]
        ^ table[0x200 + ((register >> 16) & 0xFF)]
        ^ table[0x300 + (register >> 24)];

    private static uint[] BuildShift(int bytes)
    {
        var factor = PowerOfX(8 * bytes);
        var table = new uint[4 * 256];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = Multiply((uint)(i & 0xFF) << (8 * (i >> 8)), factor);
        }

        return table;
    }

    // Polynomials are held in the checksum's reversed bit order: the highest bit is the coefficient of x^0.
    private static uint PowerOfX(int exponent)
    {
        var result = 1u << 31;
        var square = 1u << 30;
        for (; exponent > 0; exponent >>= 1)
        {
            if ((exponent & 1) != 0)
            {
                result = Multiply(result, square);
            }

            square = Multiply(square, square);
        }

        return result;
    }

    private static uint Multiply(uint left, uint right)
    {
        var product = 0u;
        for (var bit = 31; bit >= 0; bit--)
        {
            if (((left >> bit) & 1) != 0)
            {
                product ^= right;
            }

            right = (right >> 1) ^ ((right & 1) * ReversedPolynomial);
        }

        return product;
    }
}
