using System.Diagnostics.CodeAnalysis;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Fetching;

/// <summary>
/// The partitions that a client fetches again and again, so that it names only what changes. Used by one request at a time: a client has one
/// fetch of a session under way.
/// </summary>
internal sealed class FetchSession(int id, bool usesIds)
{
    private readonly Dictionary<FetchKey, LinkedListNode<SessionPartition>> _partitions = [];
    private readonly LinkedList<SessionPartition> _order = [];

    public int Id => id;

    /// <summary>Topics are named by id.</summary>
    public bool UsesIds => usesIds;

    /// <summary>The number that the next fetch has to carry.</summary>
    public int NextEpoch { get; private set; } = 1;

    public int Count => _partitions.Count;

    /// <summary>The partitions in the order in which they are to be served.</summary>
    public IEnumerable<SessionPartition> Partitions => _order;

    public void Update(FetchKey key, FetchRequest.WantedPartition wanted)
    {
        if (_partitions.TryGetValue(key, out var node))
        {
            node.Value.Wanted = wanted;
            return;
        }

        _partitions[key] = _order.AddLast(new SessionPartition(key) { Wanted = wanted });
    }

    public void Forget(FetchKey key)
    {
        if (_partitions.Remove(key, out var node))
        {
            _order.Remove(node);
        }
    }

    public bool TryFind(FetchKey key, [NotNullWhen(true)] out SessionPartition? partition)
    {
        partition = _partitions.GetValueOrDefault(key)?.Value;
        return partition is not null;
    }

    /// <summary>Puts a partition that was given records behind the others, so that the next answer begins with them.</summary>
    public void Served(FetchKey key)
    {
        if (_partitions.TryGetValue(key, out var node))
        {
            _order.Remove(node);
            _order.AddLast(node);
        }
    }

    public void Advance() => NextEpoch = NextEpoch == int.MaxValue ? 1 : NextEpoch + 1;
}

/// <summary>A partition of a session.</summary>
internal sealed class SessionPartition(FetchKey key)
{
    public FetchKey Key => key;

    /// <summary>What the client asked for last.</summary>
    public required FetchRequest.WantedPartition Wanted { get; set; }

    /// <summary>The high watermark that the client was told last; -1 for none.</summary>
    public long ToldHighWatermark { get; set; } = -1;

    /// <summary>The log start offset that the client was told last; -1 for none.</summary>
    public long ToldLogStart { get; set; } = -1;
}
