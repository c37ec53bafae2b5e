using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Tells which silo serves a group. Every one could, but a group's members are better off at the same.</summary>
internal sealed class FindCoordinatorApi(BrokerDirectory brokers) : KafkaApi<FindCoordinatorRequest, FindCoordinatorResponse>
{
    private const sbyte Group = 0;
    private const sbyte Transaction = 1;

    protected override ValueTask<FindCoordinatorResponse?> HandleAsync(FindCoordinatorRequest request, RequestContext context)
    {
        var known = brokers.All;
        if (context.Version >= 4)
        {
            return new(new FindCoordinatorResponse { Coordinators = Array.ConvertAll(request.CoordinatorKeys, key => Find(key, request.KeyType, known)) });
        }

        var found = Find(request.Key, request.KeyType, known);
        return new(new FindCoordinatorResponse
        {
            ErrorCode = found.ErrorCode,
            ErrorMessage = found.ErrorMessage,
            NodeId = found.NodeId,
            Host = found.Host,
            Port = found.Port,
        });
    }

    private static FindCoordinatorResponse.Coordinator Find(string key, sbyte type, IReadOnlyList<Broker> known)
    {
        if (type != Group)
        {
            var (error, message) = type == Transaction
                ? ((short)KafkaError.TransactionalIdAuthorizationFailed, "Transactions are not supported; produce without a transactional id.")
                : ((short)ErrorCode.InvalidRequest, $"There is no coordinator of kind {type}.");
            return new() { Key = key, NodeId = -1, Port = -1, ErrorCode = error, ErrorMessage = message };
        }

        var broker = BrokerDirectory.CoordinatorOf(key, known);
        return new() { Key = key, NodeId = broker.Id, Host = broker.Host, Port = broker.Port };
    }
}
