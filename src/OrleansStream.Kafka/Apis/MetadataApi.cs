using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Transport;
using OrleansStream.Storage;

namespace OrleansStream.Kafka.Apis;

/// <summary>
/// Tells clients which silos there are and which partitions belong where, by the placement function; nothing is opened by that. The list of
/// topics may be long: partitions are described one topic at a time while the answer is written, and its bytes take room that all answers share.
/// </summary>
internal sealed class MetadataApi(
    LeaderBoard board,
    TopicFinder topics,
    TopicCensus census,
    ICatalog catalog,
    AnswerRoom answers) : KafkaApi<MetadataRequest, MetadataResponse>
{
    /// <summary>What a topic and a partition take in an answer that is being written, at most.</summary>
    private const int TopicBytes = 128;
    private const int PartitionBytes = 64;

    protected override async ValueTask<MetadataResponse?> HandleAsync(MetadataRequest request, RequestContext context)
    {
        var listed = await ListAsync(request, context).ConfigureAwait(false);
        var bytes = listed.Sum(topic => TopicBytes + (3L * topic.Name?.Length ?? 0) + ((long)topic.PartitionCount * PartitionBytes));
        var room = answers.Room.For(bytes);
        if (room.TryTake(bytes))
        {
            context.DisposeAfterAnswer(new RoomLease(room, bytes));
        }
        else
        {
            listed = [];
            await room.TakeAsync(bytes, context.ConnectionClosed).ConfigureAwait(false);
            context.DisposeAfterAnswer(new RoomLease(room, bytes));
            listed = await ListAsync(request, context).ConfigureAwait(false);
        }

        var leaders = board.Look();
        return new MetadataResponse
        {
            Brokers = [.. leaders.Brokers.Select(broker => new MetadataResponse.KnownBroker { NodeId = broker.Id, Host = broker.Host, Port = broker.Port })],
            ClusterId = await catalog.GetClusterIdAsync(context.ConnectionClosed).ConfigureAwait(false),
            ControllerId = leaders.Brokers[0].Id,
            Topics = new MadeWhenRead<TopicEntry, MetadataResponse.KnownTopic>(listed, topic => Describe(topic, leaders, request.IncludeTopicAuthorizedOperations)),
            ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations ? AuthorizedOperations.OnCluster : AuthorizedOperations.Untold,
        };
    }

    private static bool IsForAll(MetadataRequest request, short version) => version == 0 ? request.Topics is { Length: 0 } : request.Topics is null;

    private async ValueTask<IReadOnlyList<TopicEntry>> ListAsync(MetadataRequest request, RequestContext context)
    {
        if (IsForAll(request, context.Version))
        {
            return await census.TakeAsync(context.ConnectionClosed).ConfigureAwait(false);
        }

        // Before version 4 to ask was to want.
        var mayCreate = context.Version < 4 || request.AllowAutoTopicCreation;
        var listed = new List<TopicEntry>();
        var asked = new HashSet<(string? Name, Guid TopicId)>();
        foreach (var wanted in request.Topics!.Where(wanted => asked.Add((wanted.Name, wanted.Name is null ? wanted.TopicId : Guid.Empty))))
        {
            if (wanted.Name is { } name)
            {
                var (topic, error) = await topics.FindOrCreateAsync(name, mayCreate, context.ConnectionClosed).ConfigureAwait(false);
                listed.Add(topic is null ? new TopicEntry(name, Guid.Empty, 0, error) : TopicEntry.Of(topic));
            }
            else
            {
                var topic = await topics.FindAsync(null, wanted.TopicId, context.ConnectionClosed).ConfigureAwait(false);
                listed.Add(topic is null ? new TopicEntry(context.Version >= 12 ? null : "", wanted.TopicId, 0, ErrorCode.UnknownTopicId) : TopicEntry.Of(topic));
            }
        }

        return listed;
    }

    private static MetadataResponse.KnownTopic Describe(TopicEntry topic, LeaderView leaders, bool withOperations)
    {
        if (topic.Error != ErrorCode.None)
        {
            return new() { ErrorCode = KafkaErrors.Of(topic.Error), Name = topic.Name, TopicId = topic.TopicId };
        }

        var described = new MetadataResponse.KnownPartition[topic.PartitionCount];
        for (var number = 0; number < described.Length; number++)
        {
            described[number] = Describe(number, leaders.LeadOf(new PartitionId(topic.TopicId, number), topic.PartitionCount));
        }

        return new()
        {
            Name = topic.Name,
            TopicId = topic.TopicId,
            Partitions = described,
            TopicAuthorizedOperations = withOperations ? AuthorizedOperations.OnTopic : AuthorizedOperations.Untold,
        };
    }

    private static MetadataResponse.KnownPartition Describe(int number, PartitionLead lead) => new()
    {
        ErrorCode = lead.Error,
        PartitionIndex = number,
        LeaderId = lead.LeaderId,
        LeaderEpoch = lead.LeaderEpoch,
        ReplicaNodes = lead.Replicas,
        IsrNodes = lead.Replicas,
    };
}
