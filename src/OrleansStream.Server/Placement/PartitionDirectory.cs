using OrleansStream.Endpoint;
using OrleansStream.Grains;

namespace OrleansStream.Server.Placement;

/// <summary>Which silos there are and what lives where, for edges inside a silo. Safe for concurrent use.</summary>
public sealed class PartitionDirectory
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly PlacementMap _map;
    private readonly IGrainFactory _grains;
    private readonly ILocalSiloDetails _silo;
    private readonly TimeProvider _time;

    internal PartitionDirectory(PlacementMap map, IGrainFactory grains, ILocalSiloDetails silo, TimeProvider time)
    {
        _map = map;
        _grains = grains;
        _silo = silo;
        _time = time;
    }

    /// <summary>This silo.</summary>
    public SiloAddress LocalSilo => _silo.SiloAddress;

    /// <summary>The active silos, oldest first.</summary>
    public IReadOnlyList<SiloAddress> Silos => TopicPlacement.ByAge(_map.View.Active.Select(silo => silo.Address));

    /// <summary>Where a partition belongs; null when there is no silo to own it. It may still, or already, be open elsewhere for a moment.</summary>
    public SiloAddress? OwnerOf(PartitionId partition, int partitionCount) => _map.OwnerOf(partition, partitionCount, _map.View);

    /// <summary>Asks a partition's grain where it lives, which opens it at its owner when it was idle.</summary>
    /// <exception cref="OrleansStreamException">
    /// There is no such partition, or its log cannot be opened; <see cref="ErrorCode.NotLeaderOrFollower"/> when nobody answered in time.
    /// </exception>
    public async Task<PartitionLeader> FindLeaderAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        try
        {
            return await _grains.GetGrain<IPartitionGrain>(partition.ToString()).GetLeaderAsync().WaitAsync(s_patience, _time, cancellationToken);
        }
        catch (Exception unreachable) when (SiloFailures.IsUnreachable(unreachable) && !cancellationToken.IsCancellationRequested)
        {
            throw new OrleansStreamException(ErrorCode.NotLeaderOrFollower, "The partition's silo does not answer; ask again.", unreachable);
        }
    }
}
