namespace OrleansStream.Server.Groups.Classic;

/// <summary>How long members of classic groups may take, and how many there may be. Names and defaults are Kafka's.</summary>
public sealed class ClassicGroupOptions
{
    /// <summary>
    /// How long the first member of an empty group waits for others, so that a group that starts makes one assignment and not one per
    /// member; begun again while members arrive. Zero: no wait. Three seconds.
    /// </summary>
    public TimeSpan InitialRebalanceDelay { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>The shortest session timeout a member may ask for. Six seconds.</summary>
    public TimeSpan MinSessionTimeout { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>The longest session timeout a member may ask for. Thirty minutes.</summary>
    public TimeSpan MaxSessionTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>The most members of a group. 1,000.</summary>
    public int MaxMembers { get; set; } = GroupLimits.MaxMembers;
}
