using OrleansStream.Placement;
using OrleansStream.Storage;

namespace OrleansStream.Server.Placement;

/// <summary>
/// Where partitions belong, as this silo sees it: the placement function over the membership of this moment, the decisions read
/// last, and the silos that said they stop. Asking costs a look into a table for topics that are in use. Safe for concurrent use.
/// </summary>
internal sealed class PlacementMap(IClusterMembershipService membership, ICatalog catalog, TimeProvider time)
{
    /// <summary>How long a silo's death explains that its partitions open elsewhere.</summary>
    private static readonly TimeSpan s_departureMemory = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly AssignmentCache _assignments = new();
    private readonly HashSet<SiloAddress> _stopping = [];
    private readonly List<Departure> _departures = [];
    private PlacementOverrides _overrides = new(0, [], []);
    private ClusterMembershipSnapshot? _membership;
    private volatile PlacementView _view = PlacementView.Empty;

    /// <summary>Raised when a topic's number of partitions, a decision, or the set of stopping silos changed; not for the membership.</summary>
    public event Action? Changed;

    /// <summary>The view of this moment.</summary>
    public PlacementView View => ReferenceEquals(membership.CurrentSnapshot, Volatile.Read(ref _membership)) ? _view : Renew();

    /// <summary>The version of the decisions in force; 0 before they were read.</summary>
    public long OverridesVersion
    {
        get
        {
            lock (_lock)
            {
                return _overrides.Version;
            }
        }
    }

    /// <summary>The owner of a partition.</summary>
    /// <returns>Null when there is no such partition, or no silo.</returns>
    public async ValueTask<SiloAddress?> FindOwnerAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        var view = View;
        if (view.Owners.Count == 0)
        {
            return null;
        }

        if (!_assignments.TryFind(partition.TopicId, view, out var owners) || partition.Partition >= owners.Length)
        {
            if (await catalog.FindTopicAsync(partition.TopicId, cancellationToken) is not { } topic || partition.Partition >= topic.PartitionCount)
            {
                return null;
            }

            owners = _assignments.Find(partition.TopicId, topic.PartitionCount, view);
        }

        return view.Owners[owners[partition.Partition]];
    }

    /// <summary>The owner of a partition whose topic's size is known.</summary>
    /// <returns>Null when no silo is there to own it.</returns>
    public SiloAddress? OwnerOf(PartitionId partition, int partitionCount, PlacementView view) => view.Owners.Count == 0
        ? null
        : view.Owners[_assignments.Find(partition.TopicId, partitionCount, view)[partition.Partition]];

    /// <summary>Tells whether a partition that is opened here was on a silo that died a little while ago.</summary>
    /// <returns>That silo, and since when it has been known to be dead, as a reading of the clock.</returns>
    public (SiloAddress Silo, long Since)? FindDeadOwner(PartitionId partition, int partitionCount)
    {
        _ = View;
        Departure[] departures;
        lock (_lock)
        {
            _departures.RemoveAll(departure => time.GetElapsedTime(departure.Since) > s_departureMemory);
            departures = [.. _departures];
        }

        for (var at = departures.Length - 1; at >= 0; at--)
        {
            var before = departures[at].Before;
            var owner = before.Owners[before.Assign(partition.TopicId, partitionCount)[partition.Partition]];
            if (departures[at].Dead.Contains(owner))
            {
                return (owner, departures[at].Since);
            }
        }

        return null;
    }

    /// <summary>Takes over decisions, unless newer ones are in force.</summary>
    public void Apply(PlacementOverrides overrides)
    {
        lock (_lock)
        {
            if (overrides.Version <= _overrides.Version)
            {
                return;
            }

            _overrides = overrides;
            Rebuild(isForced: true);
        }

        Changed?.Invoke();
    }

    /// <summary>Gives nothing more to a silo that is about to stop.</summary>
    public void NoteStopping(SiloAddress silo)
    {
        lock (_lock)
        {
            if (!_stopping.Add(silo))
            {
                return;
            }

            Rebuild(isForced: true);
        }

        Changed?.Invoke();
    }

    /// <summary>Forgets a topic's number of partitions, because the catalog has another one.</summary>
    public void TopicChanged(Guid topicId)
    {
        _assignments.Forget(topicId);
        Changed?.Invoke();
    }

    /// <summary>Why the owners of one view differ from those of an earlier one.</summary>
    /// <returns>Null when they are the same silos.</returns>
    public MoveReason? Explain(PlacementView before, PlacementView after)
    {
        var gone = before.Owners.Except(after.Owners).ToList();
        if (gone.Count > 0)
        {
            lock (_lock)
            {
                return gone.Exists(after.Drained.Contains) ? MoveReason.Drained
                    : gone.TrueForAll(silo => IsDead(silo) && !_stopping.Contains(silo)) ? MoveReason.Failed
                    : MoveReason.Left;
            }
        }

        var come = after.Owners.Except(before.Owners).ToList();
        return come.Count == 0 ? null : come.Exists(before.Drained.Contains) ? MoveReason.Undrained : MoveReason.Joined;
    }

    private PlacementView Renew()
    {
        lock (_lock)
        {
            return ReferenceEquals(membership.CurrentSnapshot, _membership) ? _view : Rebuild(isForced: false);
        }
    }

    private PlacementView Rebuild(bool isForced)
    {
        var snapshot = membership.CurrentSnapshot;
        var active = snapshot.Members.Values.Where(member => member.Status == SiloStatus.Active)
            .Select(member => new PlacementSilo(member.SiloAddress, member.Name)).ToHashSet();
        var before = _view;
        if (!isForced && active.SetEquals(before.Active))
        {
            // Most changes of the membership are not about who is active, and a new view would have every topic computed anew.
            Volatile.Write(ref _membership, snapshot);
            return before;
        }

        _stopping.RemoveWhere(silo => !snapshot.Members.ContainsKey(silo));
        _view = new PlacementView(active, _stopping.ToHashSet(), _overrides);
        Volatile.Write(ref _membership, snapshot);
        var dead = before.Owners.Where(silo => IsDead(silo) && !_stopping.Contains(silo)).ToHashSet();
        if (dead.Count > 0)
        {
            _departures.Add(new Departure(dead, before, time.GetTimestamp()));
        }

        return _view;
    }

    private bool IsDead(SiloAddress silo) =>
        !membership.CurrentSnapshot.Members.TryGetValue(silo, out var member) || member.Status == SiloStatus.Dead;

    private sealed record Departure(HashSet<SiloAddress> Dead, PlacementView Before, long Since);
}
