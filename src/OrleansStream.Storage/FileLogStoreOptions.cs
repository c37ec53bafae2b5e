namespace OrleansStream.Storage;

/// <summary>Settings of a <see cref="FilePartitionLogStore"/>.</summary>
public sealed record FileLogStoreOptions
{
    /// <summary>The folder that holds the logs. It is created when missing; one process at a time may use it.</summary>
    public required string Root { get; init; }

    /// <summary>The store's name in the catalog. <c>files</c>.</summary>
    public string Name { get; init; } = "files";

    /// <summary>Threads that write and flush. Each log is written by one at a time, so this many logs are flushed at once. Four.</summary>
    public int IoThreads { get; init; } = 4;

    /// <summary>The most bytes of one write and flush of a log; at least one batch. 4 MiB.</summary>
    public int MaxGroupBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>What is appended to a log between two checkpoints: about what an opening after a crash has to read. 128 MiB.</summary>
    public long CheckpointBytes { get; init; } = 128 * 1024 * 1024;

    /// <summary>Sealed segments kept open for reading, over all logs. 512.</summary>
    public int MaxOpenSegments { get; init; } = 512;

    /// <summary>How long an append may stay unflushed where the flush mode does not wait for the disk. A second.</summary>
    public TimeSpan BackgroundFlushInterval { get; init; } = TimeSpan.FromSeconds(1);
}
