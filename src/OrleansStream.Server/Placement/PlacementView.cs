using System.Collections.Frozen;
using OrleansStream.Storage;

namespace OrleansStream.Server.Placement;

/// <summary>A silo as placement sees it.</summary>
/// <param name="Address">Its address, with the generation that a restart changes.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct PlacementSilo(SiloAddress Address, string Name)
{
    /// <summary>True when <paramref name="text"/> names this silo, by its name or as <c>host:port</c>.</summary>
    public bool IsNamed(string text) => text == Name || text == Address.Endpoint.ToString();
}

/// <summary>
/// Everything the map depends on at one moment; two silos that see the same membership and the same decisions make the same
/// one. Immutable.
/// </summary>
internal sealed class PlacementView
{
    public static readonly PlacementView Empty = new([], new HashSet<SiloAddress>(), new PlacementOverrides(0, [], []));

    private static readonly FrozenDictionary<int, short> s_noPins = FrozenDictionary<int, short>.Empty;

    private readonly FrozenDictionary<Guid, FrozenDictionary<int, short>> _pins;

    /// <param name="active">The active silos, in any order.</param>
    /// <param name="stopping">Those of them that are about to stop.</param>
    /// <param name="overrides">What people decided.</param>
    public PlacementView(IReadOnlyCollection<PlacementSilo> active, IReadOnlySet<SiloAddress> stopping, PlacementOverrides overrides)
    {
        Active = active;
        Overrides = overrides;
        Drained = active.Where(silo => overrides.DrainedSilos.Any(silo.IsNamed)).Select(silo => silo.Address).ToHashSet();
        var owners = active.Where(silo => !stopping.Contains(silo.Address) && !Drained.Contains(silo.Address)).ToList();

        // Somebody has to own them: rather a drained silo than none, rather one that stops than none.
        owners = owners.Count > 0 ? owners : [.. active.Where(silo => !stopping.Contains(silo.Address))];
        owners = owners.Count > 0 ? owners : [.. active];
        Owners = TopicPlacement.ByAge(owners.Select(silo => silo.Address));
        _pins = FindPins(owners, overrides);
    }

    /// <summary>The active silos.</summary>
    public IReadOnlyCollection<PlacementSilo> Active { get; }

    public PlacementOverrides Overrides { get; }

    /// <summary>The active silos that were drained by hand.</summary>
    public IReadOnlySet<SiloAddress> Drained { get; }

    /// <summary>The silos that may own partitions, oldest first.</summary>
    public IReadOnlyList<SiloAddress> Owners { get; }

    /// <summary>For each partition of a topic the index of its owner in <see cref="Owners"/>. Computed at every call.</summary>
    public short[] Assign(Guid topicId, int partitionCount) =>
        TopicPlacement.Assign(topicId, partitionCount, Owners, _pins.GetValueOrDefault(topicId, s_noPins));

    public bool IsPinned(PartitionId partition) => _pins.TryGetValue(partition.TopicId, out var pins) && pins.ContainsKey(partition.Partition);

    private FrozenDictionary<Guid, FrozenDictionary<int, short>> FindPins(List<PlacementSilo> owners, PlacementOverrides overrides)
    {
        var found = new Dictionary<Guid, Dictionary<int, short>>();
        var order = Owners.Select((silo, index) => (silo, index)).ToDictionary(entry => entry.silo, entry => (short)entry.index);
        foreach (var pin in overrides.Pins)
        {
            // A silo that is not there, or is to own nothing, has its pinned partitions placed like all others meanwhile.
            if (owners.Find(silo => silo.IsNamed(pin.Silo)) is { Address: not null } silo)
            {
                (found.TryGetValue(pin.Partition.TopicId, out var pins) ? pins : found[pin.Partition.TopicId] = [])
                    [pin.Partition.Partition] = order[silo.Address];
            }
        }

        return found.ToFrozenDictionary(topic => topic.Key, topic => topic.Value.ToFrozenDictionary());
    }
}
