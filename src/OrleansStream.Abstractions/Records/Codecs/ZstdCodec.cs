using ZstdSharp;

namespace OrleansStream.Records.Codecs;

/// <summary>Zstandard frames. Contexts hold large tables, so they are kept and used again.</summary>
internal sealed class ZstdCodec : RecordCodec
{
    private readonly InstancePool<Compressor> _compressors = new(() => new Compressor());
    private readonly InstancePool<Decompressor> _decompressors = new(() => new Decompressor());

    public override CompressionType Type => CompressionType.Zstd;

    public override bool TryCompress(ReadOnlySpan<byte> source, ArraySegment<byte> destination, out int written)
    {
        var compressor = _compressors.Rent();
        var hasFit = compressor.TryWrap(source, destination, out written);
        _compressors.Return(compressor);
        return hasFit;
    }

    public override void Decompress(ReadOnlyMemory<byte> source, ref DecompressionBuffer output)
    {
        var decompressor = _decompressors.Rent();
        try
        {
            // The size that the frame announces, or what its blocks can hold at most.
            var bound = Decompressor.GetDecompressedSize(source.Span);
            var target = output.GetFree((int)Math.Clamp(bound, 1, int.MaxValue));
            if (!decompressor.TryUnwrap(source.Span, target, out var written))
            {
                throw output.OverLimit();
            }

            output.Advance(written);
            _decompressors.Return(decompressor);
        }
        catch (ZstdException e)
        {
            decompressor.Dispose();
            throw new InvalidDataException(e.Message, e);
        }
    }
}
