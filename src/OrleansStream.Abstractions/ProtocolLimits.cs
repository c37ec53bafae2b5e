namespace OrleansStream;

/// <summary>The limits that hold for everybody, whatever a topic or client is configured to.</summary>
public static class ProtocolLimits
{
    /// <summary>The most bytes of record batches that one message between client and silo may carry.</summary>
    public const int MaxRecordBytes = 64 * 1024 * 1024;

    /// <summary>The default for the largest batch that a topic accepts: 1 MiB and the 12 bytes before the counted part.</summary>
    public const int DefaultMaxBatchBytes = (1024 * 1024) + 12;

    /// <summary>The longest metadata that may accompany a committed offset, in characters.</summary>
    public const int MaxOffsetMetadataLength = 4096;

    /// <summary>The most partitions a topic may have.</summary>
    public const int MaxPartitionsPerTopic = 10_000;

    /// <summary>The longest id of a group or member, in characters.</summary>
    public const int MaxIdLength = 249;

    /// <summary>The longest time that a fetch may wait on the server.</summary>
    public static readonly TimeSpan MaxFetchWait = TimeSpan.FromSeconds(5);
}
