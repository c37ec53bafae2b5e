using System.Collections.Concurrent;

namespace OrleansStream.Server.Groups;

/// <summary>The coordinators of groups that are activated on this silo. Safe for concurrent use.</summary>
internal sealed class GroupTable
{
    private readonly ConcurrentDictionary<ICoordinatingGrain, bool> _groups = new();

    /// <summary>All of them, in no particular order.</summary>
    public IReadOnlyCollection<ICoordinatingGrain> All => [.. _groups.Keys];

    public void Add(ICoordinatingGrain group) => _groups.TryAdd(group, true);

    public void Remove(ICoordinatingGrain group) => _groups.TryRemove(group, out _);
}

/// <summary>What is asked of a group's coordinator, from any thread.</summary>
internal interface ICoordinatingGrain
{
    string GroupId { get; }

    /// <summary>Lets another silo coordinate the group; completes when this one no longer does.</summary>
    Task MoveAsync(SiloAddress target);
}
