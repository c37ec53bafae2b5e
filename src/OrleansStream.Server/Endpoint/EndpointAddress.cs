using OrleansStream.Endpoint;
using OrleansStream.Server.Partitions;
using OrleansStream.Topics;

namespace OrleansStream.Server.Endpoint;

/// <summary>How this silo's <see cref="StreamEndpoint"/> is addressed, and those of other silos.</summary>
internal sealed class EndpointAddress(ILocalSiloDetails silo)
{
    private GrainType? _type;

    /// <summary>Known once the endpoint was made, which is before any grain is activated.</summary>
    public GrainType Type => _type ?? throw new InvalidOperationException("The silo's endpoint has not been started.");

    public SiloAddress Silo => silo.SiloAddress;

    public string Gateway { get; } = (silo.GatewayAddress ?? silo.SiloAddress).Endpoint.ToString();

    public void Announce(GrainType type) => _type = type;

    public PartitionLeader LeaderOf(Partition partition) =>
        new(partition.LeaderEpoch, silo.SiloAddress, silo.GatewayAddress ?? silo.SiloAddress, Type);

    public PartitionDescription Describe(Partition partition)
    {
        var log = partition.Describe();
        return new PartitionDescription(
            partition.Id.Partition, Gateway, log.LeaderEpoch, log.Offsets.LogStart, log.Offsets.HighWatermark, log.SizeInBytes, log.SegmentCount);
    }

    public IStreamEndpoint On(IGrainFactory grains, SiloAddress otherSilo) =>
        grains.GetGrain<IStreamEndpoint>(SystemTargetGrainId.Create(Type, otherSilo).GrainId);
}
