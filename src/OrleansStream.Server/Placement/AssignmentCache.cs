using System.Diagnostics.CodeAnalysis;

namespace OrleansStream.Server.Placement;

/// <summary>
/// The assignments of the topics that were asked for last, with their numbers of partitions. It is bounded by the partitions
/// it holds, two bytes each, whatever number of topics there are. Safe for concurrent use.
/// </summary>
internal sealed class AssignmentCache
{
    private const int MaxTopics = 4096;
    private const int MaxPartitions = 1_000_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, LinkedListNode<Entry>> _topics = [];
    private readonly LinkedList<Entry> _byUse = [];
    private int _partitions;

    /// <summary>Finds a topic's assignment under a view, computing it if need be.</summary>
    /// <returns>False when the topic is not known here.</returns>
    public bool TryFind(Guid topicId, PlacementView view, [NotNullWhen(true)] out short[]? owners)
    {
        lock (_lock)
        {
            if (!_topics.TryGetValue(topicId, out var node))
            {
                owners = null;
                return false;
            }

            if (_byUse.First != node)
            {
                _byUse.Remove(node);
                _byUse.AddFirst(node);
            }

            owners = node.Value.Assign(view);
            return true;
        }
    }

    /// <summary>Finds the assignment of a topic whose number of partitions the caller knows.</summary>
    public short[] Find(Guid topicId, int partitionCount, PlacementView view)
    {
        lock (_lock)
        {
            if (_topics.TryGetValue(topicId, out var node))
            {
                if (node.Value.PartitionCount == partitionCount)
                {
                    return node.Value.Assign(view);
                }

                Remove(node);
            }

            var entry = new Entry(topicId, partitionCount);
            _topics.Add(topicId, _byUse.AddFirst(entry));
            _partitions += partitionCount;
            while ((_topics.Count > MaxTopics || _partitions > MaxPartitions) && _topics.Count > 1)
            {
                Remove(_byUse.Last!);
            }

            return entry.Assign(view);
        }
    }

    /// <summary>Forgets a topic, whose number of partitions may have changed.</summary>
    public void Forget(Guid topicId)
    {
        lock (_lock)
        {
            if (_topics.TryGetValue(topicId, out var node))
            {
                Remove(node);
            }
        }
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _byUse.Remove(node);
        _topics.Remove(node.Value.TopicId);
        _partitions -= node.Value.PartitionCount;
    }

    private sealed class Entry(Guid topicId, int partitionCount)
    {
        private PlacementView? _view;
        private short[] _owners = [];

        public Guid TopicId => topicId;

        public int PartitionCount => partitionCount;

        public short[] Assign(PlacementView view)
        {
            if (!ReferenceEquals(_view, view))
            {
                (_view, _owners) = (view, view.Assign(topicId, partitionCount));
            }

            return _owners;
        }
    }
}
