namespace OrleansStream.Server.Groups;

/// <summary>The limits and periods of consumer groups.</summary>
internal static class GroupLimits
{
    /// <summary>The most members of a group.</summary>
    public const int MaxMembers = 1000;

    /// <summary>The most topics one member may subscribe to.</summary>
    public const int MaxTopicsPerMember = 1000;

    /// <summary>The most offsets that one request may commit, reset or ask for.</summary>
    public const int MaxOffsetsPerRequest = 10_000;

    /// <summary>How many partitions' extents are asked for at the same time when a group is described.</summary>
    public const int ConcurrentExtents = 32;

    /// <summary>The shortest session timeout.</summary>
    public static readonly TimeSpan MinSessionTimeout = TimeSpan.FromSeconds(1);

    /// <summary>The longest session timeout.</summary>
    public static readonly TimeSpan MaxSessionTimeout = TimeSpan.FromMinutes(30);

    /// <summary>The longest time that a member may take to let go of a partition; the shortest is <see cref="MinSessionTimeout"/>.</summary>
    public static readonly TimeSpan MaxRebalanceTimeout = TimeSpan.FromHours(24);

    /// <summary>When a member is to call again; never later than a third of its session.</summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);

    /// <summary>When a member is to call again while partitions come to it or leave it.</summary>
    public static readonly TimeSpan ReconcilingInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>How often sessions are checked.</summary>
    public static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>How often the topics subscribed to are looked up, for new ones, more partitions and deletions.</summary>
    public static readonly TimeSpan TopicRefreshInterval = TimeSpan.FromSeconds(3);

    /// <summary>
    /// No answer rests on a store that was last asked longer ago than this. A coordinator that was replaced without noticing
    /// goes quiet within it, and its successor grants every member it takes over this much more time.
    /// </summary>
    public static readonly TimeSpan MaxUnverified = TimeSpan.FromSeconds(2);

    /// <summary>The shortest session that may be configured for classic members; one has to outlast <see cref="MaxCallWait"/>.</summary>
    public static readonly TimeSpan MinClassicSession = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a call of a classic member may wait in the coordinator for other members before its caller has to send it again. As long
    /// as it waits, the coordinator cannot move and its silo cannot stop.
    /// </summary>
    public static readonly TimeSpan MaxCallWait = TimeSpan.FromSeconds(1);
}
