using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>
/// Has nothing to elect: a partition's leader is the silo that the placement function names, and it goes there by itself. Says so for
/// partitions that exist.
/// </summary>
internal sealed class ElectLeadersApi(PartitionWalk walk) : KafkaApi<ElectLeadersRequest, ElectLeadersResponse>
{
    private static readonly AdminOutcome s_notNeeded = new((ErrorCode)KafkaError.ElectionNotNeeded, "The partition's leader is where it belongs, or on its way there.");

    protected override async ValueTask<ElectLeadersResponse?> HandleAsync(ElectLeadersRequest request, RequestContext context)
    {
        var answers = new List<ElectLeadersResponse.TopicAnswer>();
        foreach (var topic in request.TopicPartitions ?? [])
        {
            answers.Add(new()
            {
                Topic = topic.Topic,
                PartitionResult = await walk.AnyAsync(
                    topic.Topic, topic.Partitions, number => number, (_, number) => Task.FromResult(Answer(number, s_notNeeded)), Answer, context.ConnectionClosed)
                    .ConfigureAwait(false),
            });
        }

        return new ElectLeadersResponse { ReplicaElectionResults = [.. answers] };
    }

    private static ElectLeadersResponse.PartitionAnswer Answer(int partition, AdminOutcome outcome) =>
        new() { PartitionId = partition, ErrorCode = outcome.Code, ErrorMessage = outcome.Message };
}
