using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;

namespace OrleansStream.Records.Codecs;

/// <summary>RFC 1952 streams through the platform's zlib, which cannot be reused from batch to batch.</summary>
internal sealed class GzipCodec : RecordCodec
{
    private const int MaxExpansion = 1032;

    public override CompressionType Type => CompressionType.Gzip;

    public override bool TryCompress(ReadOnlySpan<byte> source, ArraySegment<byte> destination, out int written)
    {
        var target = new BoundedStream(destination);
        using (var gzip = new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(source);
        }

        written = target.Written;
        return !target.HasOverflowed;
    }

    public override void Decompress(ReadOnlyMemory<byte> source, ref DecompressionBuffer output)
    {
        var segment = MemoryMarshal.TryGetArray(source, out var array) ? array : new ArraySegment<byte>(source.ToArray());
        using var gzip = new GZipStream(new MemoryStream(segment.Array!, segment.Offset, segment.Count), CompressionMode.Decompress);
        var wanted = ExpectedBytes(segment);
        Span<byte> beyond = stackalloc byte[1];
        while (output.FreeWithinLimit > 0)
        {
            var read = Read(gzip, output.GetFree(wanted));
            if (read == 0)
            {
                return;
            }

            output.Advance(read);
            wanted = Math.Max(wanted - read, 1024);
        }

        if (Read(gzip, beyond) != 0)
        {
            throw output.OverLimit();
        }
    }

    private static int Read(GZipStream gzip, Span<byte> target)
    {
        try
        {
            return gzip.Read(target);
        }
        catch (InvalidDataException e)
        {
            // The platform's own message speaks of archives.
            throw new InvalidDataException("it is not a whole gzip stream, or its checksum is wrong", e);
        }
    }

    /// <summary>The stream's own word on its size, as far as so many bytes can be true of its compressed length.</summary>
    private static int ExpectedBytes(ReadOnlySpan<byte> source)
    {
        var claimed = source.Length < sizeof(uint) ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(source[^sizeof(uint)..]);
        return (int)Math.Clamp(claimed, 1024, Math.Min(int.MaxValue, 1024 + ((long)source.Length * MaxExpansion)));
    }
}
