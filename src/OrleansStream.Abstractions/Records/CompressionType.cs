namespace OrleansStream.Records;

/// <summary>How the records of a batch are compressed; the numbers are those of the batch's attribute bits 0 to 2.</summary>
public enum CompressionType
{
    /// <summary>Not compressed.</summary>
    None = 0,

    /// <summary>An RFC 1952 stream.</summary>
    Gzip = 1,

    /// <summary>Snappy: written as raw blocks, read in both framings that Kafka clients use.</summary>
    Snappy = 2,

    /// <summary>An LZ4 frame with independent blocks.</summary>
    Lz4 = 3,

    /// <summary>A Zstandard frame.</summary>
    Zstd = 4,
}
