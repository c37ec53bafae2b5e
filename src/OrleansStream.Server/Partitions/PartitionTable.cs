using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using OrleansStream.Server.Diagnostics;

namespace OrleansStream.Server.Partitions;

/// <summary>
/// The partitions that this silo has open. The endpoint and every other edge inside the silo find them here and call them
/// directly. Safe for concurrent use.
/// </summary>
public sealed class PartitionTable
{
    private readonly ConcurrentDictionary<PartitionId, Partition> _partitions = new();
    private readonly ServerMetrics _metrics;

    internal PartitionTable(ServerMetrics metrics)
    {
        _metrics = metrics;
    }

    /// <summary>The number of open partitions.</summary>
    public int Count => _partitions.Count;

    /// <summary>Finds an open partition.</summary>
    public bool TryFind(PartitionId id, [NotNullWhen(true)] out Partition? partition) => _partitions.TryGetValue(id, out partition);

    /// <summary>Every open partition, in no particular order; those that open or close meanwhile may be missed.</summary>
    public IEnumerable<Partition> All() => _partitions.Select(entry => entry.Value);

    /// <summary>Puts a partition in. An earlier opening that is still there was fenced by the log's epoch and stops serving.</summary>
    internal void Add(Partition partition)
    {
        while (!_partitions.TryAdd(partition.Id, partition))
        {
            if (_partitions.TryGetValue(partition.Id, out var earlier))
            {
                Remove(earlier);
            }
        }

        _metrics.PartitionOpened();
    }

    /// <summary>Takes a partition out, unless a later opening has taken its place, and stops it from serving.</summary>
    internal void Remove(Partition partition)
    {
        _partitions.TryRemove(KeyValuePair.Create(partition.Id, partition));
        if (partition.Close())
        {
            _metrics.PartitionClosed();
        }
    }
}
