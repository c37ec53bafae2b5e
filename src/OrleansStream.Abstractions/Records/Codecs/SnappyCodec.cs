using System.Buffers.Binary;
using Snappier;

namespace OrleansStream.Records.Codecs;

/// <summary>
/// Snappy. Written raw, as librdkafka does and every client reads. Read in both framings: raw, and the chunks that the Java
/// client writes:
/// <code>
/// offset size field
///  0     8    magic                82 'S' 'N' 'A' 'P' 'P' 'Y' 00
///  8     4    version
/// 12     4    compatible version
/// 16     4+n  chunks               big-endian length, then that many bytes of raw snappy; repeated to the end
/// </code>
/// </summary>
internal sealed class SnappyCodec : RecordCodec
{
    private const int ChunkedHeaderBytes = 16;

    // A copy element of three bytes yields at most 64 bytes.
    private const int MaxExpansion = 22;

    private static ReadOnlySpan<byte> ChunkedMagic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    public override CompressionType Type => CompressionType.Snappy;

    public override bool TryCompress(ReadOnlySpan<byte> source, ArraySegment<byte> destination, out int written) =>
        Snappy.TryCompress(source, destination, out written);

    public override void Decompress(ReadOnlyMemory<byte> source, ref DecompressionBuffer output)
    {
        var bytes = source.Span;
        if (!bytes.StartsWith(ChunkedMagic))
        {
            DecompressRaw(bytes, ref output);
            return;
        }

        if (bytes.Length < ChunkedHeaderBytes)
        {
            throw new InvalidDataException("it ends inside its header");
        }

        for (var rest = bytes[ChunkedHeaderBytes..]; !rest.IsEmpty;)
        {
            var length = rest.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32BigEndian(rest);
            if (length < 0 || length > rest.Length - sizeof(int))
            {
                throw new InvalidDataException("a chunk reaches beyond its end");
            }

            DecompressRaw(rest.Slice(sizeof(int), length), ref output);
            rest = rest[(sizeof(int) + length)..];
        }
    }

    private static void DecompressRaw(ReadOnlySpan<byte> source, ref DecompressionBuffer output)
    {
        var length = Snappy.GetUncompressedLength(source);
        if (length < 0 || length > (long)source.Length * MaxExpansion)
        {
            throw new InvalidDataException($"{source.Length} bytes cannot hold {(uint)length}");
        }

        if (length > output.FreeWithinLimit)
        {
            throw output.OverLimit();
        }

        if (length > 0)
        {
            var written = Snappy.Decompress(source, output.GetFree(length));
            output.Advance(written);
        }
    }
}
