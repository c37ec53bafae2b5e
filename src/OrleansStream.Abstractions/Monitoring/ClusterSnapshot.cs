using OrleansStream.Placement;

namespace OrleansStream.Monitoring;

/// <summary>
/// The cluster at one moment, for whoever watches it: cheap to ask for once a second, wakes no partition and asks no database.
/// Counters only grow, so rates are the differences of two snapshots.
/// </summary>
/// <param name="Silos">The members that are not dead, by address.</param>
/// <param name="Pins">Every pin.</param>
/// <param name="DrainedSilos">What was drained by hand, as it was named; such a silo need not be there.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.cluster-snapshot")]
public sealed record ClusterSnapshot(
    [property: Id(0)] SiloSnapshot[] Silos,
    [property: Id(1)] PinnedPartition[] Pins,
    [property: Id(2)] string[] DrainedSilos);

/// <summary>How a member of the cluster is doing.</summary>
public enum SiloCondition
{
    /// <summary>It is on its way in.</summary>
    Joining = 0,

    /// <summary>It is active and answers.</summary>
    Active = 1,

    /// <summary>It is active and answers, and somebody decided that it is to own nothing.</summary>
    Drained = 2,

    /// <summary>It gives its partitions away because it is about to stop.</summary>
    Stopping = 3,

    /// <summary>It is an active member and did not answer in time: it is dead and not declared so yet, or slow.</summary>
    Suspected = 4,
}

/// <summary>One silo of a <see cref="ClusterSnapshot"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address among silos, as <c>host:port</c>.</param>
/// <param name="Generation">Tells a silo from one that had the address before it.</param>
/// <param name="Condition">How it is doing.</param>
/// <param name="Report">What it told; null when it did not answer.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.silo-snapshot")]
public sealed record SiloSnapshot(
    [property: Id(0)] string Name,
    [property: Id(1)] string Address,
    [property: Id(2)] int Generation,
    [property: Id(3)] SiloCondition Condition,
    [property: Id(4)] SiloReport? Report);
