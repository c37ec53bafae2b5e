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
    private readonly GatewayList? _gateways;

    /// <param name="factory">Makes references.</param>
    /// <param name="isInsideSilo">True when silos are to be addressed as such, false when by their gateways.</param>
    /// <param name="gateways">The gateways that the client connects to; null when they are not ours to know.</param>
    public OrleansClusterGrains(IGrainFactory factory, bool isInsideSilo, GatewayList? gateways = null)
    {
        _factory = factory;
        _gateways = gateways;
        _isInsideSilo = isInsideSilo;
    }

    public IClusterGrain Cluster
    {
        get
        {
            try
            {
                return _factory.GetGrain<IClusterGrain>(0);
            }
            catch (ArgumentException exception)
            {
                throw Unknown(exception);
            }
        }
    }

    public ITopicGrain Topic(string name) => Get<ITopicGrain>(name);

    public IGroupGrain Group(string id) => Get<IGroupGrain>(id);

    public IPartitionGrain Partition(PartitionId partition) => Get<IPartitionGrain>(partition.ToString());

    public bool CanReach(PartitionLeader leader) => _gateways?.IsInUse(leader.Silo, leader.Gateway) ?? true;

    public IStreamEndpoint Endpoint(PartitionLeader leader) => _factory.GetGrain<IStreamEndpoint>(
        SystemTargetGrainId.Create(leader.EndpointType, _isInsideSilo ? leader.Silo : leader.Gateway).GrainId);

    private T Get<T>(string key)
        where T : IGrainWithStringKey
    {
        try
        {
            return _factory.GetGrain<T>(key);
        }
        catch (ArgumentException exception)
        {
            throw Unknown(exception);
        }
    }

    /// <summary>Orleans knows which grains there are once it is connected.</summary>
    private static OrleansStreamException Unknown(Exception exception) => new(
        ErrorCode.Unreachable,
        "The cluster offers no OrleansStream grains: the client is not connected yet, or the silos do not run OrleansStream.",
        exception);
}
