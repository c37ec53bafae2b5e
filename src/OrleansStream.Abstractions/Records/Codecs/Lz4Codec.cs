using System.Buffers.Binary;
using K4os.Compression.LZ4;
using K4os.Hash.xxHash;

namespace OrleansStream.Records.Codecs;

/// <summary>
/// The LZ4 frame format over a library that compresses blocks. Blocks do not refer to each other, on writing and on reading:
/// Java clients refuse others, so nobody sends them.
/// <code>
/// size field
/// 4    magic                04 22 4D 18
/// 1    flags                bits 6-7 version (1), 5 independent blocks, 4 block checksums, 3 content size, 2 content checksum, 0 dictionary
/// 1    block descriptor     bits 4-6 the largest block: 4 = 64 KiB, 5 = 256 KiB, 6 = 1 MiB, 7 = 4 MiB
/// 8    content size         if announced
/// 1    header checksum      second byte of xxHash32 over flags up to here
/// 4+n  blocks               little-endian length, its top bit set when stored uncompressed; bytes; 4 of checksum if announced
/// 4    end mark             0
/// 4    content checksum     if announced
/// </code>
/// </summary>
internal sealed class Lz4Codec : RecordCodec
{
    private const uint Magic = 0x184D2204;
    private const byte VersionBits = 0x40;
    private const byte VersionMask = 0xC0;
    private const byte IndependentBlocks = 0x20;
    private const byte BlockChecksums = 0x10;
    private const byte ContentSize = 0x08;
    private const byte ContentChecksum = 0x04;
    private const byte Reserved = 0x02;
    private const byte Dictionary = 0x01;
    private const uint StoredBlock = 0x8000_0000;
    private const int FlagsAt = sizeof(uint);
    private const int DescriptorBytes = 2;
    private const int HeaderBytes = FlagsAt + DescriptorBytes + sizeof(ulong) + sizeof(byte);
    private const int WrittenBlockBytes = 256 * 1024;
    private const byte WrittenBlockDescriptor = 5 << 4;
    private const int MaxExpansion = 255;

    public override CompressionType Type => CompressionType.Lz4;

    public override bool TryCompress(ReadOnlySpan<byte> source, ArraySegment<byte> destination, out int written)
    {
        written = 0;
        var target = destination.AsSpan();
        if (target.Length < HeaderBytes + sizeof(uint))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        target[FlagsAt] = VersionBits | IndependentBlocks | ContentSize;
        target[FlagsAt + 1] = WrittenBlockDescriptor;
        BinaryPrimitives.WriteInt64LittleEndian(target[(FlagsAt + DescriptorBytes)..], source.Length);
        target[HeaderBytes - 1] = HeaderChecksum(target[FlagsAt..(HeaderBytes - 1)]);
        var at = HeaderBytes;
        for (var rest = source; !rest.IsEmpty;)
        {
            var block = rest[..Math.Min(rest.Length, WrittenBlockBytes)];
            rest = rest[block.Length..];
            if (!TryWriteBlock(block, target, ref at))
            {
                return false;
            }
        }

        if (target.Length - at < sizeof(uint))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(target[at..], 0);
        written = at + sizeof(uint);
        return true;
    }

    public override void Decompress(ReadOnlyMemory<byte> source, ref DecompressionBuffer output)
    {
        var bytes = source.Span;
        var (flags, maxBlockBytes, contentBytes, at) = ReadHeader(bytes);
        if (contentBytes > output.FreeWithinLimit)
        {
            throw output.OverLimit();
        }

        if (contentBytes is > 0 && contentBytes <= (long)bytes.Length * MaxExpansion)
        {
            output.GetFree((int)contentBytes);
        }

        while (true)
        {
            var word = ReadWord(bytes, ref at);
            if (word == 0)
            {
                break;
            }

            var length = (int)(word & ~StoredBlock);
            if (length > maxBlockBytes || length > bytes.Length - at)
            {
                throw new InvalidDataException("a block is too long");
            }

            var block = bytes.Slice(at, length);
            at += length;
            if ((flags & BlockChecksums) != 0 && ReadWord(bytes, ref at) != XXH32.DigestOf(block))
            {
                throw new InvalidDataException("the checksum of a block is wrong");
            }

            ReadBlock(block, (word & StoredBlock) != 0, maxBlockBytes, ref output);
        }

        if ((flags & ContentChecksum) != 0 && ReadWord(bytes, ref at) != XXH32.DigestOf(output.Written))
        {
            throw new InvalidDataException("the checksum of its content is wrong");
        }

        if (at != bytes.Length || (contentBytes ?? output.Length) != output.Length)
        {
            throw new InvalidDataException("its length is not the announced one");
        }
    }

    private static bool TryWriteBlock(ReadOnlySpan<byte> block, Span<byte> target, ref int at)
    {
        if (target.Length - at < sizeof(uint))
        {
            return false;
        }

        var room = target[(at + sizeof(uint))..];
        var length = LZ4Codec.Encode(block, room[..Math.Min(room.Length, block.Length)]);
        var word = (uint)length;
        if (length <= 0)
        {
            length = block.Length;
            word = (uint)length | StoredBlock;
            if (!block.TryCopyTo(room))
            {
                return false;
            }
        }

        BinaryPrimitives.WriteUInt32LittleEndian(target[at..], word);
        at += sizeof(uint) + length;
        return true;
    }

    private static (byte Flags, int MaxBlockBytes, long? ContentBytes, int HeaderBytes) ReadHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < FlagsAt + DescriptorBytes + sizeof(byte) || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            throw new InvalidDataException("it is not an LZ4 frame");
        }

        var (flags, descriptor) = (bytes[FlagsAt], bytes[FlagsAt + 1]);
        const int Understood = VersionMask | IndependentBlocks | Reserved | Dictionary;
        if ((flags & Understood) != (VersionBits | IndependentBlocks) || (descriptor & 0x8F) != 0 || descriptor >> 4 < 4)
        {
            throw new InvalidDataException("its frame asks for something that Kafka clients do not use");
        }

        var hasContentSize = (flags & ContentSize) != 0;
        var checksumAt = FlagsAt + DescriptorBytes + (hasContentSize ? sizeof(ulong) : 0);
        if (bytes.Length <= checksumAt || bytes[checksumAt] != HeaderChecksum(bytes[FlagsAt..checksumAt]))
        {
            throw new InvalidDataException("the checksum of its frame header is wrong");
        }

        long? contentBytes = hasContentSize ? BinaryPrimitives.ReadInt64LittleEndian(bytes[(FlagsAt + DescriptorBytes)..]) : null;
        return (flags, 1 << (8 + (2 * (descriptor >> 4))), contentBytes, checksumAt + sizeof(byte));
    }

    private static void ReadBlock(ReadOnlySpan<byte> block, bool isStored, int maxBlockBytes, ref DecompressionBuffer output)
    {
        var wanted = isStored ? block.Length : (int)Math.Min(maxBlockBytes, (long)block.Length * MaxExpansion);
        var target = output.GetFree(Math.Max(wanted, 1));
        if (isStored)
        {
            if (!block.TryCopyTo(target))
            {
                throw output.OverLimit();
            }

            output.Advance(block.Length);
            return;
        }

        var length = LZ4Codec.Decode(block, target);
        if (length < 0)
        {
            throw target.Length < wanted ? output.OverLimit() : new InvalidDataException("a block is damaged");
        }

        output.Advance(length);
    }

    private static uint ReadWord(ReadOnlySpan<byte> bytes, ref int at)
    {
        if (bytes.Length - at < sizeof(uint))
        {
            throw new InvalidDataException("it ends too early");
        }

        var word = BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
        at += sizeof(uint);
        return word;
    }

    private static byte HeaderChecksum(ReadOnlySpan<byte> descriptor) => (byte)(XXH32.DigestOf(descriptor) >> 8);
}
