namespace OrleansStream.Storage.Postgres;

/// <summary>Settings of a <see cref="PostgresPartitionLogStore"/>.</summary>
public sealed record PostgresLogStoreOptions
{
    /// <summary>The store's name in the catalog. <c>postgres</c>.</summary>
    public string Name { get; init; } = "postgres";

    /// <summary>
    /// Connections that append; each writes one transaction at a time, so while one waits for the disk the others prepare. Two.
    /// </summary>
    public int Writers { get; init; } = 2;

    /// <summary>The most bytes of one transaction, over all logs in it; at least one log's group. 4 MiB.</summary>
    public int MaxTransactionBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The most bytes that one log puts into one transaction; at least one batch. 2 MiB.</summary>
    public int MaxGroupBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>The size at which a writer goes on in a new extent: about what is freed at once when it has expired. 1 GiB.</summary>
    public long ExtentBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>The age at which a writer goes on in a new extent. An hour.</summary>
    public TimeSpan ExtentAge { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What is appended to a log between two checkpoints: about what an opening after a crash has to look through. 64 MiB.</summary>
    public long CheckpointBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Memory for the youngest batches, so that readers who keep up do not ask the database. 64 MiB.</summary>
    public long TailCacheBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// How long appends wait for a database that cannot be reached before they fail and their logs go offline. Ten seconds.
    /// </summary>
    public TimeSpan OutageTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one statement may take before its connection is given up. Ten seconds.</summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the store drops expired extents and looks whether its open logs were taken over. Five seconds.</summary>
    public TimeSpan HousekeepingInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an append may stay unflushed where the flush mode does not wait for the disk. A second.</summary>
    public TimeSpan BackgroundFlushInterval { get; init; } = TimeSpan.FromSeconds(1);
}
