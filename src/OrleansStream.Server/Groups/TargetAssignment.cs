namespace OrleansStream.Server.Groups;

/// <summary>A topic as a group knows it.</summary>
internal sealed record GroupTopic(string Name, Guid TopicId, int PartitionCount);

/// <summary>A member as the assignment sees it: who it is, and what it subscribed to.</summary>
internal readonly record struct Subscriber(string MemberId, IReadOnlyList<string> Topics);

/// <summary>
/// Decides who shall own which partition. The result depends on the arguments alone. Two members with the same
/// subscription differ by at most one partition; members with different subscriptions are brought as near to each other as
/// moves of single partitions can. Whoever had a partition before keeps it unless balance demands otherwise.
/// </summary>
internal sealed class TargetAssignment
{
    private readonly IReadOnlyList<Subscriber> _members;
    private readonly IReadOnlyList<GroupTopic> _topics;
    private readonly int[] _load;

    // Members with the same subscription form a class, ordered by load; a topic knows the classes that subscribe to it.
    private readonly SortedSet<(int Load, int Member)>[] _classes;
    private readonly int[] _classOf;
    private readonly int[][] _classesOfTopic;

    // What each member holds of each topic, by the topic's index; the last partition of a list is the first to go.
    private readonly SortedDictionary<int, List<int>>[] _held;

    private TargetAssignment(IReadOnlyList<Subscriber> members, IReadOnlyList<GroupTopic> topics)
    {
        _members = members;
        _topics = topics;
        _load = new int[members.Count];
        _held = new SortedDictionary<int, List<int>>[members.Count];
        _classOf = new int[members.Count];

        var topicIndex = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var topic = 0; topic < topics.Count; topic++)
        {
            topicIndex.Add(topics[topic].Name, topic);
        }

        var classes = new List<SortedSet<(int, int)>>();
        var classesOfTopic = topics.Select(_ => new List<int>()).ToArray();
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var member = 0; member < members.Count; member++)
        {
            _held[member] = [];
            int[] subscribed = [.. members[member].Topics.Where(topicIndex.ContainsKey).Select(name => topicIndex[name]).Distinct().Order()];
            var key = string.Join(',', subscribed);
            if (!known.TryGetValue(key, out var index))
            {
                index = classes.Count;
                known.Add(key, index);
                classes.Add([]);
                foreach (var topic in subscribed)
                {
                    classesOfTopic[topic].Add(index);
                }
            }

            _classOf[member] = index;
            classes[index].Add((0, member));
        }

        _classes = [.. classes];
        _classesOfTopic = [.. classesOfTopic.Select(list => list.ToArray())];
    }

    /// <summary>Computes the assignment.</summary>
    /// <param name="members">In the order of their ids, which breaks ties.</param>
    /// <param name="topics">In the order of their names; those that exist.</param>
    /// <param name="previous">Who had what; partitions and members that are no more are ignored.</param>
    /// <returns>Every partition that somebody subscribed to, with its member's index in <paramref name="members"/>.</returns>
    public static Dictionary<PartitionId, int> Compute(
        IReadOnlyList<Subscriber> members, IReadOnlyList<GroupTopic> topics, IReadOnlyDictionary<PartitionId, string> previous)
    {
        var assignment = new TargetAssignment(members, topics);
        assignment.AssignAll(previous);
        assignment.Balance();
        return assignment.ToDictionary();
    }

    /// <summary>Leaves each partition where it was if that is still allowed, and gives the others to whoever has least.</summary>
    private void AssignAll(IReadOnlyDictionary<PartitionId, string> previous)
    {
        var memberIndex = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var member = 0; member < _members.Count; member++)
        {
            memberIndex.Add(_members[member].MemberId, member);
        }

        var free = new List<(int Topic, int Partition)>();
        for (var topic = 0; topic < _topics.Count; topic++)
        {
            for (var partition = 0; partition < _topics[topic].PartitionCount; partition++)
            {
                if (previous.TryGetValue(new PartitionId(_topics[topic].TopicId, partition), out var holder)
                    && memberIndex.TryGetValue(holder, out var member) && _classesOfTopic[topic].Contains(_classOf[member]))
                {
                    Give(topic, partition, member);
                }
                else
                {
                    free.Add((topic, partition));
                }
            }
        }

        // What few members may have is given first, as long as they have room.
        foreach (var (topic, partition) in free.OrderBy(f => _classesOfTopic[f.Topic].Length))
        {
            if (FindLeastLoaded(topic) is { } member)
            {
                Give(topic, partition, member);
            }
        }
    }

    /// <summary>
    /// Moves single partitions from the fullest member that can give to the emptiest that can take, while the difference is two
    /// or more. Each move lowers the sum of the squared loads, so it ends; and no two members of one class can differ by two then.
    /// </summary>
    private void Balance()
    {
        var donors = new SortedSet<(int Load, int Member)>(Enumerable.Range(0, _members.Count).Select(member => (-_load[member], member)));
        bool moved;
        do
        {
            moved = false;
            foreach (var (_, donor) in donors)
            {
                if (FindMove(donor) is not var (topic, taker))
                {
                    continue;
                }

                donors.Remove((-_load[donor], donor));
                donors.Remove((-_load[taker], taker));
                Give(topic, Take(topic, donor), taker);
                donors.Add((-_load[donor], donor));
                donors.Add((-_load[taker], taker));
                moved = true;
                break;
            }
        }
        while (moved);
    }

    /// <summary>The emptiest taker; and of the topics it may take, the one of which the donor holds most more than it: that spreads each topic.</summary>
    private (int Topic, int Taker)? FindMove(int donor)
    {
        (int Topic, int Taker)? best = null;
        var (bestLoad, bestSurplus) = (_load[donor] - 1, 0);
        foreach (var (topic, partitions) in _held[donor])
        {
            if (FindLeastLoaded(topic) is not { } taker || _load[taker] > bestLoad)
            {
                continue;
            }

            var surplus = partitions.Count - (_held[taker].TryGetValue(topic, out var others) ? others.Count : 0);
            if (_load[donor] - _load[taker] >= 2 && (best is null || _load[taker] < bestLoad || surplus > bestSurplus))
            {
                (best, bestLoad, bestSurplus) = ((topic, taker), _load[taker], surplus);
            }
        }

        return best;
    }

    private int? FindLeastLoaded(int topic)
    {
        (int Load, int Member)? least = null;
        foreach (var index in _classesOfTopic[topic])
        {
            var candidate = _classes[index].Min;
            if (least is null || candidate.CompareTo(least.Value) < 0)
            {
                least = candidate;
            }
        }

        return least?.Member;
    }

    private void Give(int topic, int partition, int member)
    {
        if (!_held[member].TryGetValue(topic, out var partitions))
        {
            _held[member].Add(topic, partitions = []);
        }

        partitions.Add(partition);
        ChangeLoad(member, 1);
    }

    private int Take(int topic, int member)
    {
        var partitions = _held[member][topic];
        var partition = partitions[^1];
        partitions.RemoveAt(partitions.Count - 1);
        if (partitions.Count == 0)
        {
            _held[member].Remove(topic);
        }

        ChangeLoad(member, -1);
        return partition;
    }

    private void ChangeLoad(int member, int by)
    {
        var set = _classes[_classOf[member]];
        set.Remove((_load[member], member));
        _load[member] += by;
        set.Add((_load[member], member));
    }

    private Dictionary<PartitionId, int> ToDictionary()
    {
        var result = new Dictionary<PartitionId, int>();
        for (var member = 0; member < _members.Count; member++)
        {
            foreach (var (topic, partitions) in _held[member])
            {
                foreach (var partition in partitions)
                {
                    result.Add(new PartitionId(_topics[topic].TopicId, partition), member);
                }
            }
        }

        return result;
    }
}
