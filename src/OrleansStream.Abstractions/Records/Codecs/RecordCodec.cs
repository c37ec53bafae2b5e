namespace OrleansStream.Records.Codecs;

/// <summary>One way to compress the record section of a batch. Instances are shared by all threads.</summary>
internal abstract class RecordCodec
{
    private static readonly RecordCodec?[] s_codecs = [null, new GzipCodec(), new SnappyCodec(), new Lz4Codec(), new ZstdCodec()];

    public abstract CompressionType Type { get; }

    /// <summary>The codec of a known type; null for <see cref="CompressionType.None"/>.</summary>
    public static RecordCodec? For(CompressionType type)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)type, (uint)CompressionType.Zstd, nameof(type));
        return s_codecs[(int)type];
    }

    /// <summary>Compresses into <paramref name="destination"/>.</summary>
    /// <returns>False when the result does not fit.</returns>
    public abstract bool TryCompress(ReadOnlySpan<byte> source, ArraySegment<byte> destination, out int written);

    /// <summary>Decompresses all of <paramref name="source"/>, never beyond the limit of <paramref name="output"/>.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged or exceed the limit; the message says which.</exception>
    public abstract void Decompress(ReadOnlyMemory<byte> source, ref DecompressionBuffer output);
}
