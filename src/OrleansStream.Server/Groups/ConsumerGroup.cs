using OrleansStream.Groups;

namespace OrleansStream.Server.Groups;

/// <summary>
/// The members of one group and what they own: plain state, one caller at a time, no clock and no I/O of its own, so that
/// schedules can be replayed. Every method takes the time as a reading of one monotonic clock.
/// </summary>
/// <remarks>
/// How a partition moves (invariant I7):
/// <list type="number">
/// <item>A change of members or topics makes a new target, and with it a new generation.</item>
/// <item>An owner that shall lose a partition learns it from its next answer, which no longer lists it.</item>
/// <item>It is released when the owner reports under that generation, or a later one, that it no longer consumes it. An
/// older report proves nothing: it may have been sent before an answer that granted the partition arrived.</item>
/// <item>Only then is it granted, in the answer to its next owner, and stored before that answer leaves.</item>
/// </list>
/// Whoever does not report is expelled after its session timeout. Whoever reports and does not let go loses the partition after
/// its rebalance timeout, counted from the first report under the new generation, since an answer may be lost; and it loses
/// only that: it cannot know that it is late, so nothing else it owns may change hands unannounced.
/// </remarks>
internal sealed class ConsumerGroup
{
    private readonly SortedDictionary<string, GroupMembership> _members = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, GroupTopic> _topics = new(StringComparer.Ordinal);
    private readonly PartitionOwners _owners = new();
    private Dictionary<PartitionId, string> _target = [];
    private TimeSpan? _lastTick;

    public ConsumerGroup(Generation generation) => Generation = generation;

    /// <summary>The generation of the target assignment.</summary>
    public Generation Generation { get; private set; }

    /// <summary>Counts the changes; an answer may leave once the state it rests on is stored.</summary>
    public long Revision { get; private set; }

    public IReadOnlyCollection<GroupMembership> Members => _members.Values;

    /// <summary>The topics that somebody subscribed to and that exist, as far as the group was told.</summary>
    public IReadOnlyDictionary<string, GroupTopic> Topics => _topics;

    /// <summary>Every topic that somebody subscribed to.</summary>
    public HashSet<string> Subscriptions => _members.Values.SelectMany(member => member.Topics).ToHashSet(StringComparer.Ordinal);

    public GroupState State => _members.Count == 0 ? GroupState.Empty
        : _owners.Count == _target.Count && _owners.All.All(ownership => ownership.RevokedIn is null) ? GroupState.Stable
        : GroupState.Reconciling;

    public string? FindOwner(TopicPartition partition) => _owners.TryFind(partition, out var ownership) ? ownership.Owner.MemberId : null;

    /// <summary>
    /// Goes on where a stored group stopped. The generation is a new one, so that nothing said before counts as said now, and
    /// every member gets a whole session, and <see cref="GroupLimits.MaxUnverified"/>, to be heard of.
    /// </summary>
    public static ConsumerGroup Restore(GroupDocument document, Generation stored, TimeSpan now)
    {
        var group = new ConsumerGroup(stored.Next()) { Revision = 1 };
        foreach (var topic in document.Topics)
        {
            group._topics.Add(topic.Name, topic);
        }

        foreach (var saved in document.Members)
        {
            var member = new GroupMembership(saved.ToJoin())
            {
                Predecessor = saved.Predecessor,
                LastHeard = now + GroupLimits.MaxUnverified,
                Target = [.. saved.Target.SelectMany(topic => topic.ToPartitions())],
            };
            group._members.Add(member.MemberId, member);
            foreach (var partition in member.Target)
            {
                group._target.Add(partition.Partition, member.MemberId);
            }

            foreach (var partition in saved.Owned.SelectMany(topic => topic.ToPartitions()))
            {
                group._owners.Grant(member, partition);
            }
        }

        group._owners.MarkRevocations(group._target, group.Generation);
        return group;
    }

    /// <summary>Lets the generations of a group without members go on after those it had under the other protocol.</summary>
    public void BeginAfter(Generation passed) => Generation = passed > Generation ? passed : Generation;

    public GroupDocument ToDocument() => new(
        null,
        [.. _topics.Values],
        [.. _members.Values.Select(member => MemberDocument.Of(member))]);

    /// <summary>Tells the group what the catalog says about topics.</summary>
    /// <param name="topics">By name; null for a topic that does not exist. Topics left out stay as they are.</param>
    public void UpdateTopics(IReadOnlyDictionary<string, GroupTopic?> topics)
    {
        TakeOver(topics);
        Retarget();
    }

    /// <summary>Admits a member, or takes over what it says anew.</summary>
    /// <param name="request">The join.</param>
    /// <param name="topics">What the catalog says about topics of it that the group does not know yet; null for one that does not exist.</param>
    /// <param name="now">The time.</param>
    public MembershipResponse Join(JoinGroupRequest request, IReadOnlyDictionary<string, GroupTopic?> topics, TimeSpan now)
    {
        if (GroupRules.Check(request) is { } problem)
        {
            return Refuse(problem.Error, problem.Message);
        }

        if (_members.TryGetValue(request.MemberId, out var member))
        {
            if (member.InstanceId != request.InstanceId)
            {
                return Refuse(ErrorCode.InvalidRequest, "A member keeps its instance id; join with a new member id instead.");
            }

            member.Subscribe(request);
        }
        else
        {
            var predecessor = request.InstanceId is null ? null : _members.Values.FirstOrDefault(other => other.InstanceId == request.InstanceId);
            if (predecessor?.Predecessor == request.MemberId)
            {
                return RefuseFenced(predecessor);
            }

            if (predecessor is null && _members.Count >= GroupLimits.MaxMembers)
            {
                return Refuse(ErrorCode.GroupMaxSizeReached, $"The group has {_members.Count} members, the most it may have.");
            }

            member = new GroupMembership(request) { Predecessor = predecessor?.MemberId };
            _members.Add(member.MemberId, member);
            if (predecessor is not null)
            {
                Replace(predecessor, member);
            }
        }

        Revision++;
        TakeOver(topics);
        Retarget();
        return Answer(member, Generation.None, now);
    }

    public MembershipResponse Heartbeat(HeartbeatRequest request, TimeSpan now)
    {
        if (!_members.TryGetValue(request.MemberId, out var member))
        {
            return RefuseUnknown(request.MemberId);
        }

        if (request.Generation > Generation)
        {
            // The store lost a generation that was told to somebody: it was restored from a backup.
            return Refuse(ErrorCode.UnknownMemberId, $"The group knows no generation {request.Generation}; join again.");
        }

        var owned = new HashSet<TopicPartition>(request.Owned ?? []);
        foreach (var ownership in member.Owned.Values.Where(o => o.RevokedIn <= request.Generation && !owned.Contains(o.Partition.TopicPartition)).ToList())
        {
            LetGo(ownership);
        }

        return Answer(member, request.Generation, now);
    }

    public void Leave(string memberId)
    {
        if (_members.TryGetValue(memberId, out var member))
        {
            Remove(member);
            Retarget();
        }
    }

    /// <summary>Expels who was silent too long and takes away what was held too long. Called every <see cref="GroupLimits.TickInterval"/>.</summary>
    /// <returns>The ids of those expelled.</returns>
    public IReadOnlyList<string> Expire(TimeSpan now)
    {
        // A process that was stopped for a while could not hear anybody, and nobody shall suffer for it.
        var deaf = now - (_lastTick ?? now) - (2 * GroupLimits.TickInterval);
        _lastTick = _members.Count == 0 ? null : now;
        if (deaf > TimeSpan.Zero)
        {
            Extend(deaf);
        }

        foreach (var overdue in _owners.All.Where(ownership => now - ownership.RevocationKnownAt >= ownership.Owner.RebalanceTimeout).ToList())
        {
            LetGo(overdue);
        }

        var expired = _members.Values.Where(member => now - member.LastHeard >= member.SessionTimeout).ToList();
        foreach (var member in expired)
        {
            Remove(member);
        }

        if (expired.Count > 0)
        {
            Retarget();
        }

        return [.. expired.Select(member => member.MemberId)];
    }

    /// <summary>Decides whether a member may commit, and which of its offsets count.</summary>
    public CommitDecision Commit(CommitRequest request)
    {
        if (!_members.TryGetValue(request.MemberId, out var member))
        {
            var refused = RefuseUnknown(request.MemberId);
            return CommitDecision.Refuse(refused.Error, refused.Message!);
        }

        if (request.Generation != member.Generation || request.Generation == Generation.None)
        {
            return CommitDecision.Refuse(
                ErrorCode.IllegalGeneration,
                $"The member commits under generation {request.Generation}, and its own is {member.Generation}; heartbeat and try again.");
        }

        var accepted = new List<(Ownership Ownership, CommittedOffset Offset)>(request.Offsets.Length);
        foreach (var offset in request.Offsets)
        {
            if (!member.Owned.TryGetValue(offset.TopicPartition, out var ownership))
            {
                return _topics.ContainsKey(offset.TopicPartition.Topic)
                    ? CommitDecision.Refuse(
                        ErrorCode.RebalanceInProgress,
                        $"{offset.TopicPartition} is not, or no longer, this member's; heartbeat and commit only what the answer lists.")
                    : CommitDecision.Refuse(ErrorCode.UnknownTopicOrPartition, $"The group knows no topic '{offset.TopicPartition.Topic}'.");
            }

            accepted.Add((ownership, offset));
        }

        return CommitDecision.Accept([.. accepted.Where(pair => IsInOrder(pair.Ownership, request.Sequence))
            .Select(pair => new KeyValuePair<PartitionId, CommittedOffset>(pair.Ownership.Partition.Partition, pair.Offset))]);
    }

    private void TakeOver(IReadOnlyDictionary<string, GroupTopic?> topics)
    {
        foreach (var (name, topic) in topics)
        {
            if (topic is null)
            {
                _topics.Remove(name);
            }
            else
            {
                _topics[name] = topic;
            }
        }
    }

    private static bool IsInOrder(Ownership ownership, long sequence)
    {
        if (sequence != 0 && sequence < ownership.LastSequence)
        {
            return false;
        }

        ownership.LastSequence = Math.Max(ownership.LastSequence, sequence);
        return true;
    }

    /// <summary>Grants what is free, and says what the member owns from now on.</summary>
    private MembershipResponse Answer(GroupMembership member, Generation reported, TimeSpan now)
    {
        member.LastHeard = now > member.LastHeard ? now : member.LastHeard;
        member.Generation = Generation;
        var assignment = new List<AssignedPartition>(member.Target.Length);
        foreach (var partition in member.Target)
        {
            if (!_owners.TryFind(partition.TopicPartition, out var ownership))
            {
                ownership = _owners.Grant(member, partition);
                Revision++;
            }

            if (ownership.Owner == member && ownership.Partition == partition)
            {
                assignment.Add(partition);
            }
        }

        var revoking = false;
        foreach (var ownership in member.Owned.Values)
        {
            if (ownership.RevokedIn is { } revokedIn)
            {
                revoking = true;
                if (revokedIn <= reported)
                {
                    ownership.RevocationKnownAt ??= now;
                }
            }
        }

        var next = revoking || assignment.Count < member.Target.Length
            ? GroupLimits.ReconcilingInterval
            : TimeSpan.FromTicks(Math.Min(GroupLimits.HeartbeatInterval.Ticks, member.SessionTimeout.Ticks / 3));
        return new MembershipResponse(ErrorCode.None, Generation, [.. assignment], next);
    }

    /// <summary>Lets a static member's successor have at once what the other one had; what was to go elsewhere is free.</summary>
    private void Replace(GroupMembership predecessor, GroupMembership successor)
    {
        _members.Remove(predecessor.MemberId);
        successor.Target = predecessor.Target;
        foreach (var partition in successor.Target)
        {
            _target[partition.Partition] = successor.MemberId;
        }

        foreach (var ownership in predecessor.Owned.Values.ToList())
        {
            _owners.Release(ownership);
            if (ownership.RevokedIn is null)
            {
                _owners.Grant(successor, ownership.Partition);
            }
        }
    }

    /// <summary>
    /// Takes back a partition that shall be somebody else's. If its topic was created anew meanwhile, the same name may be granted
    /// next, also to the same member; under a new generation, so that a late commit for the old one is not taken for the new one.
    /// </summary>
    private void LetGo(Ownership ownership)
    {
        _owners.Release(ownership);
        Revision++;
        if (_topics.TryGetValue(ownership.Partition.TopicPartition.Topic, out var topic) && topic.TopicId != ownership.Partition.Partition.TopicId)
        {
            Generation = Generation.Next();
        }
    }

    private void Remove(GroupMembership member)
    {
        _members.Remove(member.MemberId);
        _owners.ReleaseAll(member);
        Revision++;
    }

    private void Extend(TimeSpan by)
    {
        foreach (var member in _members.Values)
        {
            member.LastHeard += by;
        }

        foreach (var ownership in _owners.All)
        {
            ownership.RevocationKnownAt += by;
        }
    }

    /// <summary>Computes the target anew; if it is another one, a new generation begins.</summary>
    private void Retarget()
    {
        var subscriptions = Subscriptions;
        foreach (var name in _topics.Keys.Where(name => !subscriptions.Contains(name)).ToList())
        {
            _topics.Remove(name);
        }

        GroupMembership[] members = [.. _members.Values];
        GroupTopic[] topics = [.. _topics.Values];
        var computed = TargetAssignment.Compute([.. members.Select(member => new Subscriber(member.MemberId, member.Topics))], topics, _target);
        var target = computed.ToDictionary(pair => pair.Key, pair => members[pair.Value].MemberId);
        if (target.Count == _target.Count && target.All(pair => _target.TryGetValue(pair.Key, out var member) && member == pair.Value))
        {
            return;
        }

        _target = target;
        Generation = Generation.Next();
        Revision++;
        var shares = members.ToDictionary(member => member.MemberId, _ => new List<AssignedPartition>(), StringComparer.Ordinal);
        foreach (var topic in topics)
        {
            for (var partition = 0; partition < topic.PartitionCount; partition++)
            {
                var id = new PartitionId(topic.TopicId, partition);
                if (target.TryGetValue(id, out var member))
                {
                    shares[member].Add(new AssignedPartition(new TopicPartition(topic.Name, partition), id));
                }
            }
        }

        foreach (var member in members)
        {
            member.Target = [.. shares[member.MemberId]];
        }

        _owners.MarkRevocations(_target, Generation);
    }

    private MembershipResponse RefuseUnknown(string memberId) =>
        _members.Values.FirstOrDefault(member => member.Predecessor == memberId) is { } successor
            ? RefuseFenced(successor)
            : Refuse(ErrorCode.UnknownMemberId, $"The group has no member '{memberId}': it left, or its time ran out. Join again.");

    private static MembershipResponse RefuseFenced(GroupMembership successor) => Refuse(
        ErrorCode.FencedInstanceId,
        $"Member '{successor.MemberId}' took over the instance id '{successor.InstanceId}'; run one member per instance id.");

    private static MembershipResponse Refuse(ErrorCode error, string message) =>
        new(error, Generation.None, [], GroupLimits.HeartbeatInterval, message);
}
