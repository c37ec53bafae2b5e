namespace OrleansStream.Groups;

/// <summary>What a group is doing.</summary>
public enum GroupState
{
    /// <summary>No members; committed offsets may remain.</summary>
    Empty,

    /// <summary>Partitions are on their way from one member to another.</summary>
    Reconciling,

    /// <summary>Every member owns what it shall own.</summary>
    Stable,

    /// <summary>Members of Kafka's classic protocol join the next generation.</summary>
    PreparingRebalance,

    /// <summary>Members of Kafka's classic protocol wait for their leader's assignment.</summary>
    CompletingRebalance,
}

/// <summary>Which protocol the members of a group speak, or the last ones spoke.</summary>
public enum GroupKind
{
    /// <summary>The platform's own: the group assigns partitions, and moves only those that have to move.</summary>
    Native,

    /// <summary>Kafka's classic one: one of the members assigns.</summary>
    Classic,
}

/// <summary>A group in a list.</summary>
/// <param name="GroupId">The group's id.</param>
/// <param name="Generation">Its current generation, as last stored.</param>
/// <param name="MemberCount">Its members, as last stored.</param>
/// <param name="Kind">Which protocol they speak.</param>
/// <param name="State">What it is doing, as last stored.</param>
/// <param name="ProtocolType"><c>consumer</c> as a rule; empty for a group that never had members.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.group-listing")]
public sealed record GroupListing(
    [property: Id(0)] string GroupId,
    [property: Id(1)] Generation Generation,
    [property: Id(2)] int MemberCount,
    [property: Id(3)] GroupKind Kind = GroupKind.Native,
    [property: Id(4)] GroupState State = GroupState.Empty,
    [property: Id(5)] string ProtocolType = "");

/// <summary>A group in full.</summary>
/// <param name="GroupId">The group's id.</param>
/// <param name="State">What it is doing.</param>
/// <param name="Generation">The generation of the target assignment.</param>
/// <param name="Members">Its members, by id.</param>
/// <param name="Offsets">Every partition with a committed offset or an owner, by topic and number.</param>
/// <param name="Kind">Which protocol its members speak.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.group-description")]
public sealed record GroupDescription(
    [property: Id(0)] string GroupId,
    [property: Id(1)] GroupState State,
    [property: Id(2)] Generation Generation,
    [property: Id(3)] GroupMember[] Members,
    [property: Id(4)] GroupPartition[] Offsets,
    [property: Id(5)] GroupKind Kind = GroupKind.Native);

/// <summary>A member of a group.</summary>
/// <param name="MemberId">The member's id.</param>
/// <param name="InstanceId">Set for a static member.</param>
/// <param name="ClientId">Says to people who this is.</param>
/// <param name="Generation">The generation the member acts under.</param>
/// <param name="Topics">The topics it subscribed to.</param>
/// <param name="Assignment">What it may consume now.</param>
/// <param name="LastHeartbeat">When it was last heard of.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.group-member")]
public sealed record GroupMember(
    [property: Id(0)] string MemberId,
    [property: Id(1)] string? InstanceId,
    [property: Id(2)] string ClientId,
    [property: Id(3)] Generation Generation,
    [property: Id(4)] string[] Topics,
    [property: Id(5)] TopicPartition[] Assignment,
    [property: Id(6)] DateTimeOffset LastHeartbeat);

/// <summary>How far a group has come in a partition.</summary>
/// <param name="TopicPartition">The partition.</param>
/// <param name="CommittedOffset">The next offset to consume; <see cref="Offset.None"/> when nothing was committed.</param>
/// <param name="Metadata">What was committed with it.</param>
/// <param name="LogStartOffset">The first offset that the partition still holds.</param>
/// <param name="HighWatermark">Every record below it may be read.</param>
/// <param name="MemberId">Who owns the partition, if anybody does.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.group-partition")]
public sealed record GroupPartition(
    [property: Id(0)] TopicPartition TopicPartition,
    [property: Id(1)] Offset CommittedOffset,
    [property: Id(2)] string Metadata,
    [property: Id(3)] Offset LogStartOffset,
    [property: Id(4)] Offset HighWatermark,
    [property: Id(5)] string? MemberId)
{
    /// <summary>Records still to be consumed; all that the log holds when nothing was committed, -1 when the log's extent is unknown.</summary>
    public long Lag => HighWatermark.HasValue ? Math.Max(0, HighWatermark - Next) : -1;

    /// <summary>The next record to consume: the one committed, or the first one there is when that is gone or nothing was committed.</summary>
    public Offset Next => CommittedOffset > LogStartOffset ? CommittedOffset : LogStartOffset;
}
