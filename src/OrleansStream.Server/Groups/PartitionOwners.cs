using System.Diagnostics.CodeAnalysis;
using OrleansStream.Groups;

namespace OrleansStream.Server.Groups;

/// <summary>A partition in a member's hands, from the grant to the release.</summary>
internal sealed class Ownership(GroupMembership owner, AssignedPartition partition)
{
    public GroupMembership Owner { get; } = owner;

    public AssignedPartition Partition { get; } = partition;

    /// <summary>The generation from which on the partition shall be somebody else's; null while it shall stay.</summary>
    public Generation? RevokedIn { get; set; }

    /// <summary>When the owner was told to let go, for the last time before its heartbeats showed that it knows.</summary>
    public TimeSpan? RevocationToldAt { get; set; }

    /// <summary>The highest sequence of the owner's commits for this partition.</summary>
    public long LastSequence { get; set; }
}

/// <summary>Who owns which partition: never two members one (invariant I7), because a grant of an owned partition throws.</summary>
internal sealed class PartitionOwners
{
    private readonly Dictionary<PartitionId, Ownership> _owners = [];

    public int Count => _owners.Count;

    public IReadOnlyCollection<Ownership> All => _owners.Values;

    public bool TryFind(PartitionId partition, [NotNullWhen(true)] out Ownership? ownership) => _owners.TryGetValue(partition, out ownership);

    public Ownership Grant(GroupMembership member, AssignedPartition partition)
    {
        var ownership = new Ownership(member, partition);
        _owners.Add(partition.Partition, ownership);
        member.Owned.Add(partition.Partition, ownership);
        return ownership;
    }

    public void Release(Ownership ownership)
    {
        _owners.Remove(ownership.Partition.Partition);
        ownership.Owner.Owned.Remove(ownership.Partition.Partition);
    }

    /// <summary>Takes back everything of a member that is gone.</summary>
    public void ReleaseAll(GroupMembership member)
    {
        foreach (var ownership in member.Owned.Values.ToList())
        {
            Release(ownership);
        }
    }

    /// <summary>Takes back the partitions of a topic that is gone.</summary>
    public void ReleaseAll(Guid topicId)
    {
        foreach (var ownership in _owners.Values.Where(ownership => ownership.Partition.Partition.TopicId == topicId).ToList())
        {
            Release(ownership);
        }
    }

    /// <summary>Notes which partitions have to change hands under a new target.</summary>
    public void MarkRevocations(IReadOnlyDictionary<PartitionId, string> target, Generation generation)
    {
        foreach (var (partition, ownership) in _owners)
        {
            if (target.TryGetValue(partition, out var member) && member == ownership.Owner.MemberId)
            {
                (ownership.RevokedIn, ownership.RevocationToldAt) = (null, null);
            }
            else
            {
                ownership.RevokedIn ??= generation;
            }
        }
    }
}
