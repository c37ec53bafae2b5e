using Orleans.Runtime.Placement;

namespace OrleansStream.Server.Placement;

/// <summary>
/// Answers where a group's coordinator is activated: where a move says; otherwise by rendezvous hashing over the silos that neither
/// stop nor were drained. A coordinator stays where it is when silos join.
/// </summary>
internal sealed class GroupPlacementDirector(PlacementMap map) : IPlacementDirector
{
    /// <summary>The silo for a group; null when there is none.</summary>
    public static SiloAddress? Choose(string groupId, IEnumerable<SiloAddress> silos)
    {
        var weight = PlacementWeight.OfGroup(groupId);
        return silos.MaxBy(silo => PlacementWeight.Of(weight, 0, PlacementWeight.OfSilo(silo)));
    }

    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var compatible = context.GetCompatibleSilos(target);
        return Task.FromResult(IPlacementDirector.GetPlacementHint(target.RequestContextData, compatible)
            ?? Choose(target.GrainIdentity.Key.ToString()!, map.View.Owners.Where(owner => compatible.Contains(owner)))
            ?? Choose(target.GrainIdentity.Key.ToString()!, compatible)
            ?? context.LocalSilo);
    }
}
