namespace OrleansStream.Groups;

/// <summary>A partition that a member may consume, by both of its names.</summary>
/// <param name="TopicPartition">As users name it.</param>
/// <param name="Partition">As the platform names it.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.assigned-partition")]
public readonly record struct AssignedPartition([property: Id(0)] TopicPartition TopicPartition, [property: Id(1)] PartitionId Partition);

/// <summary>Asks to become a member of a group, or to be one again.</summary>
/// <param name="MemberId">
/// Made by the client, new for every consumer, and not used again after <see cref="Grains.IGroupGrain.LeaveAsync"/>; a repeated
/// join with the same id and topics changes nothing.
/// </param>
/// <param name="InstanceId">Set for a static member: whoever joins with it takes over its predecessor's partitions at once.</param>
/// <param name="ClientId">Says to people who this is.</param>
/// <param name="Topics">The topics subscribed to.</param>
/// <param name="SessionTimeout">After this time without a heartbeat the member is expelled.</param>
/// <param name="RebalanceTimeout">How long the member may take to let go of a partition before it is taken away; it stays a member.</param>
/// <param name="Sequence">
/// Counts the member's joins, from 1: a join that arrives after a later one changes nothing, so that an attempt that was given up
/// does not bring an old subscription back. 0 takes part in no order.
/// </param>
[GenerateSerializer, Immutable, Alias("orleansstream.join-group-request")]
public sealed record JoinGroupRequest(
    [property: Id(0)] string MemberId,
    [property: Id(1)] string? InstanceId,
    [property: Id(2)] string ClientId,
    [property: Id(3)] string[] Topics,
    [property: Id(4)] TimeSpan SessionTimeout,
    [property: Id(5)] TimeSpan RebalanceTimeout,
    [property: Id(6)] long Sequence = 0);

/// <summary>
/// Says that a member is alive, and what it owns. A member has one call at a time under way and ignores late answers. Its
/// partitions are its own until the session timeout has passed since it sent the last heartbeat that was answered; if none is
/// answered by then, it stops consuming by itself, since others may have taken over. The same holds for the time in which
/// it must let go of a partition.
/// </summary>
/// <param name="MemberId">The member.</param>
/// <param name="Generation">The generation it was last told.</param>
/// <param name="Owned">The partitions it consumes right now. Leaving one out that it was told to give up lets it go to its next owner.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.heartbeat-request")]
public sealed record HeartbeatRequest(
    [property: Id(0)] string MemberId,
    [property: Id(1)] Generation Generation,
    [property: Id(2)] TopicPartition[] Owned);

/// <summary>The answer to a join or a heartbeat.</summary>
/// <param name="Error"><see cref="ErrorCode.UnknownMemberId"/> and <see cref="ErrorCode.FencedInstanceId"/> end the membership.</param>
/// <param name="Generation">The member's generation from now on.</param>
/// <param name="Assignment">
/// Everything that the member may consume now. What it owns beyond that it gives up: finish, commit, then say so in a heartbeat.
/// A partition appears here only after its previous owner has let go of it. One that appears under another id than before is
/// another partition, of a topic created anew: the old one is gone, and there is nothing to commit for it.
/// </param>
/// <param name="NextHeartbeat">When to call again; short while partitions are on their way.</param>
/// <param name="Message">What to do about the error, for people.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.membership-response")]
public sealed record MembershipResponse(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] Generation Generation,
    [property: Id(2)] AssignedPartition[] Assignment,
    [property: Id(3)] TimeSpan NextHeartbeat,
    [property: Id(4)] string? Message = null);
