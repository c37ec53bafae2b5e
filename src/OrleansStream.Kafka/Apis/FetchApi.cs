using Microsoft.Extensions.Options;
using OrleansStream.Endpoint;
using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Fetching;
using OrleansStream.Kafka.Hosting;
using EndpointRequest = OrleansStream.Endpoint.FetchRequest;
using FetchRequest = OrleansStream.Kafka.Messages.FetchRequest;
using FetchResponse = OrleansStream.Kafka.Messages.FetchResponse;

namespace OrleansStream.Kafka.Apis;

/// <summary>
/// Hands out batches as they lie in the log, beginning with the one that contains the offset asked for, and waits for them where there are too few.
/// </summary>
internal sealed class FetchApi(
    SlotFinder finder, BoundedReads reads, FetchSessions sessions, BrokerDirectory brokers, TimeProvider time, IOptions<KafkaOptions> options)
    : KafkaApi<FetchRequest, FetchResponse>
{
    private const short FirstVersionWithIds = 13;
    private const short FirstVersionWithZstd = 10;
    private const short FirstVersionWithLeaders = 12;
    private const sbyte ReadCommitted = 1;

    /// <summary>The most partitions of one fetch; the rest of a larger one has its turn in the next.</summary>
    private const int MaxPartitions = ProtocolLimits.MaxPartitionsPerTopic;

    private static readonly TimeSpan s_busyPause = TimeSpan.FromMilliseconds(50);

    protected override async ValueTask<FetchResponse?> HandleAsync(FetchRequest request, RequestContext context)
    {
        var (session, error, isNew) = sessions.Begin(request, usesIds: context.Version >= FirstVersionWithIds);
        if (error is { } refused)
        {
            return new FetchResponse { ErrorCode = (short)refused };
        }

        try
        {
            var slots = SlotsOf(request, session);
            await FillAsync(slots, request, context).ConfigureAwait(false);
            return Answer(slots, session, isNew, context, request.IsolationLevel == ReadCommitted);
        }
        finally
        {
            if (session is not null)
            {
                sessions.End(session);
            }
        }
    }

    private static List<FetchSlot> SlotsOf(FetchRequest request, FetchSession? session)
    {
        var slots = session is not null
            ? session.Partitions.Select(partition => new FetchSlot(partition.Key, partition.Wanted))
            : request.Topics.SelectMany(topic => topic.Partitions.Select(
                partition => new FetchSlot(new FetchKey(topic.Name, topic.TopicId, partition.Partition), partition)));
        return [.. slots.Take(MaxPartitions)];
    }

    private async Task FillAsync(List<FetchSlot> slots, FetchRequest request, RequestContext context)
    {
        foreach (var slot in slots)
        {
            await finder.FindAsync(slot, context.ConnectionClosed).ConfigureAwait(false);
        }

        var readable = slots.FindAll(slot => slot.Answer is null);
        if (readable.Count == 0)
        {
            return;
        }

        // What is known to be wrong, or to have moved, is told at once.
        var isUrgent = readable.Count < slots.Count;
        var maxBytes = Math.Clamp(request.MaxBytes, 1, options.Value.MaxFetchBytes);
        var wanted = readable.ConvertAll(slot => new FetchPartition(slot.Partition, new Offset(slot.Wanted.FetchOffset), Math.Max(1, slot.Wanted.PartitionMaxBytes)));
        var fetched = await reads.ReadAsync(
            new EndpointRequest(
                [.. wanted],
                isUrgent ? 0 : Math.Clamp(request.MinBytes, 0, maxBytes),
                maxBytes,
                TimeSpan.FromMilliseconds(isUrgent ? 0 : Math.Max(0, request.MaxWaitMs))),
            context).ConfigureAwait(false);
        for (var at = 0; at < fetched.Length; at++)
        {
            readable[at].Complete(fetched[at], knowsZstd: context.Version >= FirstVersionWithZstd);
            if (fetched[at].Error == ErrorCode.NotLeaderOrFollower)
            {
                await finder.PlaceAsync(readable[at], context.ConnectionClosed).ConfigureAwait(false);
            }
        }

        if (Array.Exists(fetched, partition => partition.Error == ErrorCode.Throttled))
        {
            await Task.Delay(s_busyPause, time, context.ConnectionClosed).ConfigureAwait(false);
        }
    }

    private FetchResponse Answer(List<FetchSlot> slots, FetchSession? session, bool isNew, RequestContext context, bool isCommittedOnly)
    {
        // Asked for only when somebody has to be sent elsewhere: an answer with records needs none of it.
        IReadOnlyList<Broker>? known = null;
        var leaders = new HashSet<int>();
        var topics = new Dictionary<(string, Guid), List<FetchResponse.PartitionAnswer>>();
        foreach (var slot in slots.Where(slot => session is null || IsNews(slot, session, isNew)))
        {
            var answer = slot.Answer!;
            answer.AbortedTransactions = isCommittedOnly ? [] : null;
            if (slot.LeaderEpoch.Value >= 0 && context.Version >= FirstVersionWithLeaders)
            {
                known ??= brokers.All;
                var silo = slot.Leader ?? brokers.LocalSilo;
                var leader = known.FirstOrDefault(broker => broker.Silo.Equals(silo))?.Id ?? -1;
                leaders.Add(leader);
                answer.CurrentLeader = new() { LeaderId = leader, LeaderEpoch = slot.LeaderEpoch.Value };
            }

            var key = (slot.Key.Topic, slot.Key.TopicId);
            (topics.TryGetValue(key, out var answers) ? answers : topics[key] = []).Add(answer);
        }

        return new FetchResponse
        {
            SessionId = session?.Id ?? 0,
            Topics = [.. topics.Select(topic => new FetchResponse.TopicAnswer { Name = topic.Key.Item1, TopicId = topic.Key.Item2, Partitions = [.. topic.Value] })],
            NodeEndpoints =
            [
                .. (known ?? []).Where(broker => leaders.Contains(broker.Id))
                    .Select(broker => new FetchResponse.NodeEndpoint { NodeId = broker.Id, Host = broker.Host, Port = broker.Port }),
            ],
        };
    }

    /// <summary>A session's client is told what is new to it: everything at first, later records, errors, and offsets that moved.</summary>
    private static bool IsNews(FetchSlot slot, FetchSession session, bool isNew)
    {
        var answer = slot.Answer!;
        var hasRecords = answer.Records is { IsEmpty: false };
        if (!session.TryFind(slot.Key, out var told))
        {
            return true;
        }

        var isNews = isNew || hasRecords || answer.ErrorCode != 0 || answer.DivergingEpoch is not null
            || answer.HighWatermark != told.ToldHighWatermark || answer.LogStartOffset != told.ToldLogStart;
        told.ToldHighWatermark = answer.ErrorCode == 0 ? answer.HighWatermark : -1;
        told.ToldLogStart = answer.ErrorCode == 0 ? answer.LogStartOffset : -1;
        if (hasRecords)
        {
            session.Served(slot.Key);
        }

        return isNews;
    }
}
