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

    /// <summary>When the owner's heartbeats first showed that it knows it has to let go, and did not.</summary>
    public TimeSpan? RevocationKnownAt { get; set; }

    /// <summary>The highest sequence of the owner's commits for this partition.</summary>
    public long LastSequence { get; set; }
}

/// <summary>
/// Who owns which partition: never two members one (invariant I7), because a grant of an owned partition throws. The key is the
/// name, since that is what members report and commit by: while somebody still holds a partition of a deleted topic, nobody is
/// given the partition of the same name of a topic created since.
/// </summary>
internal sealed class PartitionOwners
{
    private readonly Dictionary<TopicPartition, Ownership> _owners = [];

    public int Count => _owners.Count;

    public IReadOnlyCollection<Ownership> All => _owners.Values;

    public bool TryFind(TopicPartition partition, [NotNullWhen(true)] out Ownership? ownership) => _owners.TryGetValue(partition, out ownership);

    public Ownership Grant(GroupMembership member, AssignedPartition partition)
    {
        var ownership = new Ownership(member, partition);
        _owners.Add(partition.TopicPartition, ownership);
        member.Owned.Add(partition.TopicPartition, ownership);
        return ownership;
    }

    public void Release(Ownership ownership)
    {
        _owners.Remove(ownership.Partition.TopicPartition);
        ownership.Owner.Owned.Remove(ownership.Partition.TopicPartition);
    }

    /// <summary>Takes back everything of a member that is gone.</summary>
    public void ReleaseAll(GroupMembership member)
    {
        foreach (var ownership in member.Owned.Values.ToList())
        {
            Release(ownership);
        }
    }

    /// <summary>Notes which partitions have to change hands under a new target.</summary>
    public void MarkRevocations(IReadOnlyDictionary<PartitionId, string> target, Generation generation)
    {
        foreach (var ownership in _owners.Values)
        {
            if (target.TryGetValue(ownership.Partition.Partition, out var member) && member == ownership.Owner.MemberId)
            {
                (ownership.RevokedIn, ownership.RevocationKnownAt) = (null, null);
            }
            else
            {
                ownership.RevokedIn ??= generation;
            }
        }
    }
}
