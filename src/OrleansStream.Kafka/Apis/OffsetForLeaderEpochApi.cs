using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Messages;
using OrleansStream.Server.Partitions;

namespace OrleansStream.Kafka.Apis;

/// <summary>Tells where an epoch ended, by which a client finds out whether what it read is still what is there.</summary>
internal sealed class OffsetForLeaderEpochApi(PartitionWalk walk)
    : KafkaApi<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>
{
    protected override async ValueTask<OffsetForLeaderEpochResponse?> HandleAsync(OffsetForLeaderEpochRequest request, RequestContext context)
    {
        var answers = new OffsetForLeaderEpochResponse.TopicAnswer[request.Topics.Length];
        for (var at = 0; at < answers.Length; at++)
        {
            var topic = request.Topics[at];
            answers[at] = new()
            {
                Name = topic.Name,
                Partitions = await walk.LocalAsync(
                    topic.Name,
                    topic.Partitions,
                    wanted => wanted.Partition,
                    (partition, wanted) => ValueTask.FromResult(Answer(partition, wanted)),
                    (wanted, outcome) => new() { Partition = wanted.Partition, ErrorCode = outcome.Code },
                    context.ConnectionClosed).ConfigureAwait(false),
            };
        }

        return new OffsetForLeaderEpochResponse { Topics = answers };
    }

    private static OffsetForLeaderEpochResponse.PartitionAnswer Answer(Partition partition, OffsetForLeaderEpochRequest.WantedPartition wanted)
    {
        var answer = new OffsetForLeaderEpochResponse.PartitionAnswer { Partition = wanted.Partition };
        if (PartitionPlace.CheckEpoch(partition, wanted.CurrentLeaderEpoch) is not ErrorCode.None and var error)
        {
            answer.ErrorCode = KafkaErrors.Of(error);
        }
        else if (wanted.LeaderEpoch >= 0 && wanted.LeaderEpoch <= partition.LeaderEpoch.Value)
        {
            // Of an epoch before all that are kept, nothing is left: it ended where the log begins.
            var end = partition.FindEpochEnd(new LeaderEpoch(wanted.LeaderEpoch)) ?? (new LeaderEpoch(wanted.LeaderEpoch), partition.Offsets.LogStart);
            (answer.LeaderEpoch, answer.EndOffset) = (end.Epoch.Value, end.EndOffset.Value);
        }

        return answer;
    }
}
