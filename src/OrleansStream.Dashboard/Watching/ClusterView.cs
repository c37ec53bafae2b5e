using OrleansStream.Monitoring;
using OrleansStream.Placement;

namespace OrleansStream.Dashboard.Watching;

/// <summary>The cluster as pages show it: a snapshot with rates. Immutable.</summary>
/// <param name="At">When it was taken.</param>
/// <param name="Silos">Silos, by name; those that went away a short while ago are among them.</param>
/// <param name="Partitions">Open partitions, by topic and number, each once.</param>
/// <param name="Pins">Every pin.</param>
/// <param name="DrainedSilos">What was drained, as it was named.</param>
/// <param name="Total">All silos together.</param>
public sealed record ClusterView(
    DateTimeOffset At,
    IReadOnlyList<SiloView> Silos,
    IReadOnlyList<PartitionView> Partitions,
    IReadOnlyList<PinnedPartition> Pins,
    IReadOnlyList<string> DrainedSilos,
    Rates Total)
{
    /// <summary>The last minutes, oldest first.</summary>
    public IReadOnlyList<RateSample> History { get; init; } = [];

    /// <summary>The last moves, newest first.</summary>
    public IReadOnlyList<PartitionMove> Moves { get; init; } = [];

    /// <summary>What the snapshots were that rates are computed from; the newest last.</summary>
    internal IReadOnlyList<TimedSnapshot> Snapshots { get; init; } = [];

    /// <summary>Finds a silo by what pins and moves call it: its name or its address.</summary>
    public SiloView? FindSilo(string nameOrAddress) =>
        Silos.FirstOrDefault(silo => silo.IsThere && (silo.Name == nameOrAddress || silo.Address == nameOrAddress))
        ?? Silos.FirstOrDefault(silo => silo.Name == nameOrAddress || silo.Address == nameOrAddress);
}

/// <summary>A snapshot and when it came.</summary>
internal sealed record TimedSnapshot(DateTimeOffset At, ClusterSnapshot Snapshot);

/// <summary>What somebody sees of a silo.</summary>
public enum SiloState
{
    Joining,
    Active,
    Drained,
    Stopping,
    Suspected,

    /// <summary>It stopped in an orderly way a moment ago.</summary>
    Left,

    /// <summary>It died a moment ago.</summary>
    Dead,
}

/// <summary>A silo.</summary>
/// <param name="Key">Address and generation, which nobody else ever has.</param>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address among silos.</param>
/// <param name="State">How it is.</param>
/// <param name="Since">Since when it has been so, as far as was seen.</param>
/// <param name="StartedAt">When it started; null while it has not told.</param>
/// <param name="Gateway">Its address for clients.</param>
/// <param name="WebAddress">Where it serves HTTP.</param>
/// <param name="OpenPartitions">How many partitions it has open.</param>
/// <param name="Rates">What it does; null while it does not answer.</param>
public sealed record SiloView(
    string Key,
    string Name,
    string Address,
    SiloState State,
    DateTimeOffset Since,
    DateTimeOffset? StartedAt,
    string? Gateway,
    string? WebAddress,
    int OpenPartitions,
    Rates? Rates)
{
    /// <summary>False once it is gone.</summary>
    public bool IsThere => State is not (SiloState.Left or SiloState.Dead);
}

/// <summary>An open partition.</summary>
public sealed record PartitionView(
    PartitionId Id,
    string Topic,
    string Silo,
    int LeaderEpoch,
    long LogStartOffset,
    long HighWatermark,
    long SizeInBytes,
    int SegmentCount,
    double ProducedBytes,
    double ProducedRecords,
    double FetchedBytes)
{
    public TopicPartition Name => new(Topic, Id.Partition);

    /// <summary>False when its silo does not answer, so that this is what it had when it last did.</summary>
    public bool IsCertain { get; init; } = true;
}

/// <summary>What is done per second.</summary>
/// <param name="ProducedBytes">Bytes of batches stored.</param>
/// <param name="ProducedRecords">Records stored.</param>
/// <param name="FetchedBytes">Bytes of batches handed out.</param>
/// <param name="Errors">Answers with an error.</param>
/// <param name="AckP50">Half of the batches were durable after this; null when none was stored.</param>
/// <param name="AckP99">99 of 100 batches were.</param>
/// <param name="Processors">Processors in use.</param>
/// <param name="MemoryBytes">Memory in use.</param>
/// <param name="WaitingFetches">Fetches that wait for records.</param>
public sealed record Rates(
    double ProducedBytes,
    double ProducedRecords,
    double FetchedBytes,
    double Errors,
    TimeSpan? AckP50,
    TimeSpan? AckP99,
    double Processors,
    long MemoryBytes,
    int WaitingFetches)
{
    public static Rates None { get; } = new(0, 0, 0, 0, null, null, 0, 0, 0);
}

/// <summary>The rates of all silos together at one moment.</summary>
public sealed record RateSample(DateTimeOffset At, Rates Rates);
