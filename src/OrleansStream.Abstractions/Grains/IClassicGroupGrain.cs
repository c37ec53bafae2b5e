using OrleansStream.Groups;
using OrleansStream.Groups.Classic;

namespace OrleansStream.Grains;

/// <summary>
/// The other face of <see cref="IGroupGrain"/>, for members that speak Kafka's classic group protocol, in which one member
/// makes the assignment. The two are one grain: a group has members of one kind at a time, and their offsets are the same.
/// </summary>
/// <remarks>
/// No call takes longer than a few seconds: a join or sync that has to wait for other members says so, and is sent again. A call
/// that ended in a transport failure or in <see cref="ErrorCode.CoordinatorLoadInProgress"/> may be sent again unchanged.
/// </remarks>
[Alias("orleansstream.classic-group")]
public interface IClassicGroupGrain : IGrainWithStringKey
{
    /// <summary>Takes part in the next generation.</summary>
    [Alias("Join")]
    Task<ClassicJoinResponse> JoinAsync(ClassicJoinRequest request);

    /// <summary>Gets a member's assignment, or hands in everybody's.</summary>
    [Alias("Sync")]
    Task<ClassicSyncResponse> SyncAsync(ClassicSyncRequest request);

    /// <summary>Keeps a member alive; <see cref="ErrorCode.RebalanceInProgress"/> tells it to join again.</summary>
    [Alias("Heartbeat")]
    Task<ErrorCode> HeartbeatAsync(ClassicIdentity member);

    /// <summary>Ends memberships; answers for each of them.</summary>
    [Alias("Leave")]
    Task<ErrorCode[]> LeaveAsync(ClassicLeaver[] members);

    /// <summary>Commits what can be committed, durable on return; answers for each offset.</summary>
    /// <param name="member">Who commits; somebody from outside while the group has no members.</param>
    /// <param name="offsets">What to commit.</param>
    [Alias("Commit")]
    Task<ErrorCode[]> CommitAsync(ClassicIdentity member, CommittedOffset[] offsets);

    /// <summary>Forgets committed offsets; answers for each partition.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.GroupIdNotFound"/> or <see cref="ErrorCode.NonEmptyGroup"/>.</exception>
    [Alias("DeleteOffsets")]
    Task<ErrorCode[]> DeleteOffsetsAsync(TopicPartition[] partitions);

    /// <summary>The group as Kafka's tools see it; also one whose members speak the other protocol. Null when there is none.</summary>
    [Alias("Describe")]
    Task<ClassicGroupDescription?> DescribeAsync();
}
