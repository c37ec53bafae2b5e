using System.Collections;
using OrleansStream.Groups.Classic;

namespace OrleansStream.Server.Groups.Classic;

/// <summary>
/// The members of a classic group by id and by instance id, their leader, the ids given out to clients that have not joined yet, and
/// the assignor that all agree on.
/// </summary>
internal sealed class ClassicMembers : IReadOnlyCollection<ClassicMember>
{
    // Members whose place a static member took, the last few; whoever still waits under such an id is fenced.
    private const int RememberedPredecessors = 16;

    private readonly SortedDictionary<string, ClassicMember> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _instances = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan> _expected = new(StringComparer.Ordinal);
    private readonly Queue<string> _predecessors = new();

    public int Count => _members.Count;

    /// <summary>Who makes the assignment; null without members.</summary>
    public string? LeaderId { get; set; }

    /// <summary>How many ids were given to clients that have not joined with them yet.</summary>
    public int ExpectedCount => _expected.Count;

    public int JoiningCount => _members.Values.Count(member => member.IsJoining);

    public TimeSpan MaxRebalanceTimeout => _members.Count == 0 ? TimeSpan.Zero : _members.Values.Max(member => member.RebalanceTimeout);

    public ClassicMember? Find(string memberId) => _members.GetValueOrDefault(memberId);

    public ClassicMember? FindInstance(string instanceId) => _instances.TryGetValue(instanceId, out var memberId) ? _members[memberId] : null;

    public bool IsPredecessor(string memberId) => _predecessors.Contains(memberId);

    public bool IsLeader(ClassicMember member) => member.MemberId == LeaderId;

    public void Add(ClassicMember member)
    {
        _members.Add(member.MemberId, member);
        if (member.InstanceId is { } instanceId)
        {
            _instances.Add(instanceId, member.MemberId);
        }

        LeaderId ??= member.MemberId;
    }

    public void Remove(ClassicMember member)
    {
        _members.Remove(member.MemberId);
        if (member.InstanceId is { } instanceId)
        {
            _instances.Remove(instanceId);
        }

        if (LeaderId == member.MemberId)
        {
            LeaderId = _members.Keys.FirstOrDefault();
        }
    }

    /// <summary>Puts a static member's next life in its place, with its assignment, and as the leader if it was.</summary>
    public ClassicMember Replace(ClassicMember predecessor, string memberId)
    {
        var successor = new ClassicMember(memberId, predecessor.InstanceId)
        {
            Assignment = predecessor.Assignment,
            HasSynced = predecessor.HasSynced,
        };
        var wasLeader = IsLeader(predecessor);
        Remove(predecessor);
        Add(successor);
        LeaderId = wasLeader ? memberId : LeaderId;
        _predecessors.Enqueue(predecessor.MemberId);
        if (_predecessors.Count > RememberedPredecessors)
        {
            _predecessors.Dequeue();
        }

        return successor;
    }

    /// <summary>Makes sure that the leader is somebody who joined.</summary>
    /// <returns>False when nobody did.</returns>
    public bool ElectLeader()
    {
        if (LeaderId is null || !_members[LeaderId].IsJoining)
        {
            if (_members.Values.FirstOrDefault(member => member.IsJoining) is not { } elected)
            {
                return false;
            }

            LeaderId = elected.MemberId;
        }

        return true;
    }

    /// <summary>Notes an id that was given to a client, which has until <paramref name="until"/> to join with it.</summary>
    public void Expect(string memberId, TimeSpan until) => _expected[memberId] = until;

    public bool StopExpecting(string memberId) => _expected.Remove(memberId);

    /// <summary>Forgets the ids with which nobody joined in time.</summary>
    public void ForgetExpected(TimeSpan now)
    {
        foreach (var memberId in _expected.Where(pair => pair.Value <= now).Select(pair => pair.Key).ToList())
        {
            _expected.Remove(memberId);
        }
    }

    /// <summary>Gives everybody more time, because nobody could be heard for a while.</summary>
    public void Extend(TimeSpan by)
    {
        foreach (var member in _members.Values)
        {
            member.LastHeard += by;
        }

        foreach (var memberId in _expected.Keys.ToList())
        {
            _expected[memberId] += by;
        }
    }

    /// <summary>Tells whether somebody with these assignors could take part: one of them is known to every member.</summary>
    public bool Shares(ClassicProtocol[] protocols) =>
        Array.Exists(protocols, protocol => _members.Values.All(member => member.Knows(protocol.Name)));

    /// <summary>
    /// The assignor with most votes, each member voting for the first of its own that all members know; the alphabet decides between equals.
    /// </summary>
    public string? SelectProtocol()
    {
        var candidates = _members.Values.FirstOrDefault()?.Protocols.Select(protocol => protocol.Name)
            .Where(name => _members.Values.All(member => member.Knows(name))).ToHashSet(StringComparer.Ordinal);
        return candidates is not { Count: > 0 }
            ? null
            : _members.Values.Select(member => Array.Find(member.Protocols, protocol => candidates.Contains(protocol.Name))!.Name)
                .GroupBy(name => name, StringComparer.Ordinal)
                .OrderByDescending(votes => votes.Count()).ThenBy(votes => votes.Key, StringComparer.Ordinal)
                .First().Key;
    }

    public IEnumerator<ClassicMember> GetEnumerator() => _members.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
