using OrleansStream.Groups;

namespace OrleansStream.Grains;

/// <summary>
/// The coordinator of one consumer group; its key is the group's id. It keeps membership, target assignment and committed
/// offsets. Rebalancing is incremental: a partition goes to its next owner once the previous one has let go of it, and
/// nobody else stops (invariant I7).
/// </summary>
[Alias("orleansstream.group")]
public interface IGroupGrain : IGrainWithStringKey
{
    /// <summary>Enters the group, or changes a member's subscription.</summary>
    [Alias("Join")]
    Task<MembershipResponse> JoinAsync(JoinGroupRequest request);

    /// <summary>Keeps a membership alive and moves reassignment on.</summary>
    [Alias("Heartbeat")]
    Task<MembershipResponse> HeartbeatAsync(HeartbeatRequest request);

    /// <summary>Ends a membership; its partitions are free at once. Unknown members are ignored.</summary>
    [Alias("Leave")]
    Task LeaveAsync(string memberId);

    /// <summary>Commits offsets, all or none.</summary>
    [Alias("Commit")]
    Task<CommitResponse> CommitAsync(CommitRequest request);

    /// <summary>Reads committed offsets; partitions without one are left out.</summary>
    /// <param name="partitions">Which ones; null for all.</param>
    [Alias("FetchOffsets")]
    Task<CommittedOffset[]> FetchOffsetsAsync(TopicPartition[]? partitions);

    /// <summary>Sets committed offsets, also backwards; <see cref="Offset.None"/> forgets one. No member may own the partition.</summary>
    [Alias("ResetOffsets")]
    Task<CommitResponse> ResetOffsetsAsync(CommittedOffset[] offsets);

    /// <summary>Members, assignment, offsets and lag.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.GroupIdNotFound"/>.</exception>
    [Alias("Describe")]
    Task<GroupDescription> DescribeAsync();

    /// <summary>Forgets the group and its offsets.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.NonEmptyGroup"/> or <see cref="ErrorCode.GroupIdNotFound"/>.</exception>
    [Alias("Delete")]
    Task DeleteAsync();
}
