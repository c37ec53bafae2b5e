using OrleansStream.Kafka.Cluster;
using OrleansStream.Records;
using OrleansStream.Server.Endpoint;
using OrleansStream.Topics;
using ProduceRequest = OrleansStream.Kafka.Messages.ProduceRequest;
using ProduceResponse = OrleansStream.Kafka.Messages.ProduceResponse;

namespace OrleansStream.Kafka.Apis;

/// <summary>
/// Appends batches. A request is begun when each of its batches has its place in its log, so the requests of one connection can follow each
/// other without waiting for the disk, and keep their order all the same. The bytes go to the log as they lie in the request.
/// </summary>
internal sealed class ProduceApi(TopicFinder topics, PartitionFinder partitions, LocalEndpoint endpoint, BrokerDirectory brokers)
    : KafkaApi(ProduceRequest.Api)
{
    private const short FirstVersionWithZstd = 7;
    private const short FirstVersionWithLeaders = 10;
    private const string AdminClient = "__admin_client";

    public override async ValueTask<Task<IKafkaMessage?>> BeginAsync(IKafkaMessage request, RequestContext context)
    {
        var produce = (ProduceRequest)request;
        var begun = Array.ConvertAll(produce.Topics, static topic => new Task<Outcome>[topic.Partitions.Length]);
        try
        {
            for (var at = 0; at < begun.Length; at++)
            {
                await BeginAsync(produce, produce.Topics[at], begun[at], context).ConfigureAwait(false);
            }
        }
        catch
        {
            await AllDoneAsync(begun).ConfigureAwait(false);
            throw;
        }

        return EndAsync(produce, begun, context);
    }

    private async ValueTask BeginAsync(ProduceRequest request, ProduceRequest.ProducedTopic produced, Task<Outcome>[] outcomes, RequestContext context)
    {
        var refusal = await FindRefusalAsync(request, produced, context).ConfigureAwait(false);
        for (var at = 0; at < outcomes.Length; at++)
        {
            outcomes[at] = refusal.Topic is { } topic
                ? await BeginAsync(topic, produced.Partitions[at], context).ConfigureAwait(false)
                : Task.FromResult(Outcome.Failed(refusal.Error, refusal.Message));
        }
    }

    /// <summary>Finds the topic, or what speaks against writing to it.</summary>
    private async ValueTask<(TopicDescription? Topic, short Error, string? Message)> FindRefusalAsync(
        ProduceRequest request, ProduceRequest.ProducedTopic produced, RequestContext context)
    {
        if (request.Acks is not (-1 or 0 or 1))
        {
            return (null, (short)KafkaError.InvalidRequiredAcks, $"acks is -1, 0 or 1, not {request.Acks}.");
        }

        if (request.TransactionalId is not null)
        {
            return (null, (short)KafkaError.TransactionalIdAuthorizationFailed, "Transactions are not supported; produce without a transactional id.");
        }

        if (TopicFinder.IsInternal(produced.Name) && context.ClientId != AdminClient)
        {
            return (null, (short)ErrorCode.InvalidTopic, $"'{produced.Name}' is a name that clients cannot write to.");
        }

        if (await topics.FindAsync(produced.Name, produced.TopicId, context.ConnectionClosed).ConfigureAwait(false) is { } topic)
        {
            return (topic, 0, null);
        }

        return (null, (short)(context.Version >= 13 ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition), "There is no such topic.");
    }

    private async ValueTask<Task<Outcome>> BeginAsync(TopicDescription topic, ProduceRequest.ProducedPartition produced, RequestContext context)
    {
        if (produced.Index < 0 || produced.Index >= topic.PartitionCount)
        {
            return Task.FromResult(Outcome.Failed((short)ErrorCode.UnknownTopicOrPartition, $"Topic '{topic.Name}' has {topic.PartitionCount} partitions."));
        }

        var records = produced.Records.GetValueOrDefault();
        if (records.IsEmpty)
        {
            return Task.FromResult(Outcome.Failed((short)ErrorCode.InvalidRecord, "The request holds no records. Send one batch per partition."));
        }

        if (context.Version < FirstVersionWithZstd && IsZstd(records.Span))
        {
            return Task.FromResult(Outcome.Failed((short)ErrorCode.UnsupportedCompressionType, $"zstd needs version {FirstVersionWithZstd} of Produce."));
        }

        var id = new PartitionId(topic.TopicId, produced.Index);
        var place = await partitions.FindAsync(id, context.ConnectionClosed).ConfigureAwait(false);
        return place.Partition is null ? Task.FromResult(Outcome.Elsewhere(place)) : AppendAsync(id, records, context);
    }

    /// <summary>The batch has its place when this returns its task.</summary>
    private async Task<Outcome> AppendAsync(PartitionId id, ReadOnlyMemory<byte> records, RequestContext context)
    {
        var response = await endpoint.AppendInOrderAsync(id, records).ConfigureAwait(false);
        if (response.Error != ErrorCode.NotLeaderOrFollower)
        {
            return response.Error == ErrorCode.None
                ? new Outcome(0, response.BaseOffset.Value, response.LogStartOffset.Value, null, null, LeaderEpoch.None)
                : Outcome.Failed(KafkaErrors.Of(response.Error), response.Message);
        }

        // It was here a moment ago; where it went spares the client a question.
        var place = await partitions.FindAsync(id, context.ConnectionClosed).ConfigureAwait(false);
        return place.Partition is null ? Outcome.Elsewhere(place) : Outcome.Failed((short)ErrorCode.NotLeaderOrFollower, response.Message);
    }

    /// <summary>Whatever becomes of a request, its memory is given back after it, and must not be read any more then.</summary>
    private static async ValueTask AllDoneAsync(Task<Outcome>?[][] begun)
    {
        foreach (var outcomes in begun)
        {
            foreach (var outcome in outcomes)
            {
                if (outcome is { IsCompleted: false })
                {
                    await ((Task)outcome).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }
    }

    private async Task<IKafkaMessage?> EndAsync(ProduceRequest request, Task<Outcome>[][] begun, RequestContext context)
    {
        await AllDoneAsync(begun).ConfigureAwait(false);
        var response = new ProduceResponse { Topics = new ProduceResponse.TopicAnswer[begun.Length] };
        IReadOnlyList<Broker>? known = null;
        var leaders = new HashSet<SiloAddress>();
        for (var at = 0; at < begun.Length; at++)
        {
            var answers = new ProduceResponse.PartitionAnswer[begun[at].Length];
            for (var part = 0; part < answers.Length; part++)
            {
                var outcome = await begun[at][part].ConfigureAwait(false);
                if (request.Acks == 0 && outcome.Error != 0)
                {
                    // There is no answer that could say so, and the end of the connection is noticed.
                    throw new IOException($"A batch that is not acknowledged was not stored either: {outcome.Message}");
                }

                answers[part] = outcome.ToAnswer(request.Topics[at].Partitions[part].Index);
                if (outcome.Leader is { } leader && context.Version >= FirstVersionWithLeaders)
                {
                    known ??= brokers.All;
                    leaders.Add(leader);
                    answers[part].CurrentLeader = new() { LeaderId = known.FirstOrDefault(broker => broker.Silo.Equals(leader))?.Id ?? -1, LeaderEpoch = outcome.LeaderEpoch.Value };
                }
            }

            response.Topics[at] = new() { Name = request.Topics[at].Name, TopicId = request.Topics[at].TopicId, Partitions = answers };
        }

        if (known is not null)
        {
            response.NodeEndpoints =
            [
                .. known.Where(broker => leaders.Contains(broker.Silo))
                    .Select(broker => new ProduceResponse.NodeEndpoint { NodeId = broker.Id, Host = broker.Host, Port = broker.Port }),
            ];
        }

        return request.Acks == 0 ? null : response;
    }

    private static bool IsZstd(ReadOnlySpan<byte> records) =>
        records.Length >= RecordBatchFormat.HeaderBytes && new RecordBatchHeader(records) is { Magic: RecordBatchFormat.Magic, Compression: CompressionType.Zstd };

    /// <summary>What became of a batch.</summary>
    private sealed record Outcome(short Error, long BaseOffset, long LogStartOffset, string? Message, SiloAddress? Leader, LeaderEpoch LeaderEpoch)
    {
        public static Outcome Failed(short error, string? message) => new(error, -1, -1, message, null, LeaderEpoch.None);

        public static Outcome Elsewhere(PartitionPlace place) => new(KafkaErrors.Of(place.Error), -1, -1, place.Message, place.Leader, place.LeaderEpoch);

        public ProduceResponse.PartitionAnswer ToAnswer(int index) => new()
        {
            Index = index,
            ErrorCode = Error,
            BaseOffset = BaseOffset,
            LogStartOffset = LogStartOffset,
            ErrorMessage = Message,
        };
    }
}
