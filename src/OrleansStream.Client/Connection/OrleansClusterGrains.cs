using OrleansStream.Endpoint;
using OrleansStream.Grains;

namespace OrleansStream.Client.Connection;

/// <summary>
/// The real cluster. Endpoints are system targets of a silo: a client outside reaches one through the gateway of that very
/// silo, which takes the message for itself; a client inside a silo names the silo.
/// </summary>
internal sealed class OrleansClusterGrains : IClusterGrains
{
    private readonly IGrainFactory _factory;
    private readonly bool _isInsideSilo;

    public OrleansClusterGrains(IGrainFactory factory, bool isInsideSilo)
    {
        _factory = factory;
        _isInsideSilo = isInsideSilo;
        Cluster = factory.GetGrain<IClusterGrain>(0);
    }

    public IClusterGrain Cluster { get; }

    public ITopicGrain Topic(string name) => _factory.GetGrain<ITopicGrain>(name);

    public IGroupGrain Group(string id) => _factory.GetGrain<IGroupGrain>(id);

    public IPartitionGrain Partition(PartitionId partition) => _factory.GetGrain<IPartitionGrain>(partition.ToString());

    public IStreamEndpoint Endpoint(PartitionLeader leader) => _factory.GetGrain<IStreamEndpoint>(
        SystemTargetGrainId.Create(leader.EndpointType, _isInsideSilo ? leader.Silo : leader.Gateway).GrainId);
}
