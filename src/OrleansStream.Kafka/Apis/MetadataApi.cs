using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Messages;
using OrleansStream.Server.Placement;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Kafka.Apis;

/// <summary>Tells clients which silos there are and which partitions belong where, by the placement function; nothing is opened by that.</summary>
internal sealed class MetadataApi(
    BrokerDirectory brokers, TopicFinder topics, PartitionFinder partitions, PartitionDirectory placement, ICatalog catalog) : KafkaApi<MetadataRequest, MetadataResponse>
{
    private const int PageSize = 1000;

    protected override async ValueTask<MetadataResponse?> HandleAsync(MetadataRequest request, RequestContext context)
    {
        var known = brokers.All;
        var ids = known.ToDictionary(broker => broker.Silo, broker => broker.Id);
        var found = IsForAll(request, context.Version)
            ? await DescribeAllAsync(ids, context.ConnectionClosed).ConfigureAwait(false)
            : await DescribeAsync(request, context, ids).ConfigureAwait(false);
        foreach (var topic in found)
        {
            topic.TopicAuthorizedOperations = request.IncludeTopicAuthorizedOperations && topic.ErrorCode == 0 ? AuthorizedOperations.OnTopic : AuthorizedOperations.Untold;
        }

        return new MetadataResponse
        {
            Brokers = [.. known.Select(broker => new MetadataResponse.KnownBroker { NodeId = broker.Id, Host = broker.Host, Port = broker.Port })],
            ClusterId = await catalog.GetClusterIdAsync(context.ConnectionClosed).ConfigureAwait(false),
            ControllerId = known[0].Id,
            Topics = found,
            ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations ? AuthorizedOperations.OnCluster : AuthorizedOperations.Untold,
        };
    }

    private static bool IsForAll(MetadataRequest request, short version) => version == 0 ? request.Topics is { Length: 0 } : request.Topics is null;

    private async Task<MetadataResponse.KnownTopic[]> DescribeAllAsync(Dictionary<SiloAddress, int> ids, CancellationToken cancellationToken)
    {
        var described = new List<MetadataResponse.KnownTopic>();
        string? after = null;
        while (true)
        {
            var page = await catalog.ListTopicsAsync("", after, PageSize, cancellationToken).ConfigureAwait(false);
            described.AddRange(page.Select(topic => Describe(topic, ids)));
            if (page.Count < PageSize)
            {
                return [.. described];
            }

            after = page[^1].Name;
        }
    }

    private async Task<MetadataResponse.KnownTopic[]> DescribeAsync(MetadataRequest request, RequestContext context, Dictionary<SiloAddress, int> ids)
    {
        // Before version 4 to ask was to want.
        var mayCreate = context.Version < 4 || request.AllowAutoTopicCreation;
        var described = new MetadataResponse.KnownTopic[request.Topics!.Length];
        for (var at = 0; at < described.Length; at++)
        {
            var wanted = request.Topics[at];
            if (wanted.Name is { } name)
            {
                var (topic, error) = await topics.FindOrCreateAsync(name, mayCreate, context.ConnectionClosed).ConfigureAwait(false);
                described[at] = topic is null ? Unknown(name, Guid.Empty, error) : Describe(topic, ids);
            }
            else
            {
                var topic = await topics.FindAsync(null, wanted.TopicId, context.ConnectionClosed).ConfigureAwait(false);
                described[at] = topic is null
                    ? Unknown(context.Version >= 12 ? null : "", wanted.TopicId, ErrorCode.UnknownTopicId)
                    : Describe(topic, ids);
            }
        }

        return described;
    }

    private static MetadataResponse.KnownTopic Unknown(string? name, Guid topicId, ErrorCode error) =>
        new() { ErrorCode = KafkaErrors.Of(error), Name = name, TopicId = topicId };

    private MetadataResponse.KnownTopic Describe(TopicDescription topic, Dictionary<SiloAddress, int> ids)
    {
        var described = new MetadataResponse.KnownPartition[topic.PartitionCount];
        for (var number = 0; number < described.Length; number++)
        {
            described[number] = Describe(new PartitionId(topic.TopicId, number), topic.PartitionCount, ids);
        }

        return new MetadataResponse.KnownTopic { Name = topic.Name, TopicId = topic.TopicId, Partitions = described };
    }

    private MetadataResponse.KnownPartition Describe(PartitionId id, int partitionCount, Dictionary<SiloAddress, int> ids)
    {
        if (placement.OwnerOf(id, partitionCount) is not { } owner || !ids.TryGetValue(owner, out var leader))
        {
            // A silo that has come a moment ago, or one without this gateway.
            return new() { ErrorCode = (short)KafkaError.LeaderNotAvailable, PartitionIndex = id.Partition, LeaderId = -1 };
        }

        // An epoch that is not known for sure is not told: a client holds on to the largest that it heard of.
        var open = owner.Equals(placement.LocalSilo) ? partitions.FindOpen(id) : null;
        int[] replicas = [leader];
        return new()
        {
            PartitionIndex = id.Partition,
            LeaderId = leader,
            LeaderEpoch = open?.LeaderEpoch.Value ?? -1,
            ReplicaNodes = replicas,
            IsrNodes = replicas,
        };
    }
}
