using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Messages;
using OrleansStream.Storage;

namespace OrleansStream.Kafka.Apis;

/// <summary>Tells which silos there are. Silos that do not serve are never told, so none of them is fenced.</summary>
internal sealed class DescribeClusterApi(BrokerDirectory brokers, ICatalog catalog) : KafkaApi<DescribeClusterRequest, DescribeClusterResponse>
{
    private const sbyte Brokers = 1;
    private const sbyte Controllers = 2;

    protected override async ValueTask<DescribeClusterResponse?> HandleAsync(DescribeClusterRequest request, RequestContext context)
    {
        if (request.EndpointType != Brokers)
        {
            return new DescribeClusterResponse
            {
                ErrorCode = (short)(request.EndpointType == Controllers ? KafkaError.MismatchedEndpointType : KafkaError.UnsupportedEndpointType),
                ErrorMessage = "Every silo is a broker and a controller; ask for brokers.",
                EndpointType = Brokers,
            };
        }

        var known = brokers.All;
        return new DescribeClusterResponse
        {
            EndpointType = Brokers,
            ClusterId = await catalog.GetClusterIdAsync(context.ConnectionClosed).ConfigureAwait(false),
            ControllerId = known[0].Id,
            Brokers = [.. known.Select(broker => new DescribeClusterResponse.KnownBroker { BrokerId = broker.Id, Host = broker.Host, Port = broker.Port })],
            ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations ? AuthorizedOperations.OnCluster : AuthorizedOperations.Untold,
        };
    }
}
