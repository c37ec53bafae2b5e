using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Checking;

/// <summary>Everything that must never be seen in a history.</summary>
public enum AnomalyKind
{
    /// <summary>A record was acknowledged and no read ever returned it, although one returned a later offset of its partition.</summary>
    LostWrite,

    /// <summary>A record was acknowledged, and at the end nobody had read up to it.</summary>
    Unseen,

    /// <summary>A record was read, and was gone at the end.</summary>
    Vanished,

    /// <summary>A record was read whose producer had been told that it was refused.</summary>
    FailedWriteSeen,

    /// <summary>A record was read that nobody sent.</summary>
    Phantom,

    /// <summary>One record lies at two offsets.</summary>
    Duplicate,

    /// <summary>One offset holds two records.</summary>
    InconsistentOffsets,

    /// <summary>At the end, an offset between two records holds none, and none was known to be there.</summary>
    OffsetGap,

    /// <summary>Within one poll, an offset is not above the one before it.</summary>
    InternalNonmonotonicPoll,

    /// <summary>Within one poll, records that others read were jumped over.</summary>
    InternalPollSkip,

    /// <summary>A process's poll begins at or below the end of its last one.</summary>
    NonmonotonicPoll,

    /// <summary>Between two polls of a process, records that others read were jumped over.</summary>
    PollSkip,

    /// <summary>A group committed an offset beyond a record that none of its members was given.</summary>
    GroupSkip,

    /// <summary>A producer's later record of a partition lies before its earlier one.</summary>
    NonmonotonicSend,

    /// <summary>A reader was given a record at or above the high watermark that came with it.</summary>
    ReadAboveHighWatermark,

    /// <summary>Two owners of a partition acknowledged: for one offset, or the older one after the newer one.</summary>
    Fencing,

    /// <summary>A committed offset went back although nobody reset it.</summary>
    CommitRegressed,

    /// <summary>The faults were over and the cluster did not come back to work in time.</summary>
    NotHealed,
}

/// <summary>Something that must never be seen, with the operations that show it.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Partition">Where; -1 when it concerns no partition.</param>
/// <param name="Message">What happened, in a sentence.</param>
/// <param name="Evidence">The operations that show it, in their order.</param>
public sealed record Anomaly(AnomalyKind Kind, int Partition, string Message, IReadOnlyList<Operation> Evidence);
