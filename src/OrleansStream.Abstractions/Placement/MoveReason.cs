namespace OrleansStream.Placement;

/// <summary>What made a partition move.</summary>
public enum MoveReason
{
    /// <summary>A silo joined and takes its share.</summary>
    Joined = 0,

    /// <summary>A silo stopped in an orderly way.</summary>
    Left = 1,

    /// <summary>A silo died.</summary>
    Failed = 2,

    /// <summary>Somebody drained a silo.</summary>
    Drained = 3,

    /// <summary>A drained silo may own partitions again.</summary>
    Undrained = 4,

    /// <summary>Somebody pinned the partition, or others of its topic, to a silo.</summary>
    Pinned = 5,

    /// <summary>A pin was taken away.</summary>
    Unpinned = 6,

    /// <summary>The topic was given more partitions.</summary>
    Resized = 7,
}
