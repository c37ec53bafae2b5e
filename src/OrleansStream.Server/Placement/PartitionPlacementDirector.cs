using Orleans.Runtime.Placement;

namespace OrleansStream.Server.Placement;

/// <summary>
/// Answers where a partition is to be opened: a move says so itself; otherwise it is the owner. It calls nobody but, for a
/// topic that this silo has not heard of for a while, the catalog.
/// </summary>
internal sealed class PartitionPlacementDirector(PlacementMap map) : IPlacementDirector
{
    public async Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var compatible = context.GetCompatibleSilos(target);
        if (IPlacementDirector.GetPlacementHint(target.RequestContextData, compatible) is { } hint)
        {
            return hint;
        }

        var isPartition = PartitionId.TryParse(target.GrainIdentity.Key.ToString(), out var id);
        var owner = isPartition ? await map.FindOwnerAsync(id, CancellationToken.None) : null;
        if (owner is not null && compatible.Contains(owner))
        {
            return owner;
        }

        // No such partition, which its grain will tell; or the owner runs a version that cannot open it, or Orleans sees fewer silos
        // than the map. Any silo will do, but all should choose the same one, so that it need not move soon.
        return compatible.MaxBy(silo => PlacementWeight.Of(PlacementWeight.OfTopic(id.TopicId), id.Partition, PlacementWeight.OfSilo(silo)))
            ?? context.LocalSilo;
    }
}
