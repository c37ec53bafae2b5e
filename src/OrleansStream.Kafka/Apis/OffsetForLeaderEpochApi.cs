using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Tells where an epoch ended, by which a client finds out whether what it read is still what is there.</summary>
internal sealed class OffsetForLeaderEpochApi(TopicFinder topics, PartitionFinder partitions)
    : KafkaApi<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>
{
    protected override async ValueTask<OffsetForLeaderEpochResponse?> HandleAsync(OffsetForLeaderEpochRequest request, RequestContext context)
    {
        var answers = new OffsetForLeaderEpochResponse.TopicAnswer[request.Topics.Length];
        for (var at = 0; at < answers.Length; at++)
        {
            var wanted = request.Topics[at];
            var topic = await topics.FindAsync(wanted.Name, Guid.Empty, context.ConnectionClosed).ConfigureAwait(false);
            var parts = new OffsetForLeaderEpochResponse.PartitionAnswer[wanted.Partitions.Length];
            for (var part = 0; part < parts.Length; part++)
            {
                parts[part] = await AnswerAsync(topic?.TopicId, wanted.Partitions[part], context.ConnectionClosed).ConfigureAwait(false);
            }

            answers[at] = new() { Name = wanted.Name, Partitions = parts };
        }

        return new OffsetForLeaderEpochResponse { Topics = answers };
    }

    private async ValueTask<OffsetForLeaderEpochResponse.PartitionAnswer> AnswerAsync(
        Guid? topicId, OffsetForLeaderEpochRequest.WantedPartition wanted, CancellationToken cancellationToken)
    {
        if (topicId is null)
        {
            return Failed(ErrorCode.UnknownTopicOrPartition);
        }

        var place = await partitions.FindAsync(new PartitionId(topicId.Value, wanted.Partition), cancellationToken).ConfigureAwait(false);
        if (place.Partition is not { } partition)
        {
            return Failed(place.Error);
        }

        if (PartitionPlace.CheckEpoch(partition, wanted.CurrentLeaderEpoch) is not ErrorCode.None and var error)
        {
            return Failed(error);
        }

        if (wanted.LeaderEpoch < 0 || wanted.LeaderEpoch > partition.LeaderEpoch.Value)
        {
            return new() { Partition = wanted.Partition };
        }

        // Of an epoch before all that are kept, nothing is left: it ended where the log begins.
        var end = partition.FindEpochEnd(new LeaderEpoch(wanted.LeaderEpoch)) ?? (new LeaderEpoch(wanted.LeaderEpoch), partition.Offsets.LogStart);
        return new() { Partition = wanted.Partition, LeaderEpoch = end.Epoch.Value, EndOffset = end.EndOffset.Value };

        OffsetForLeaderEpochResponse.PartitionAnswer Failed(ErrorCode failure) => new() { ErrorCode = KafkaErrors.Of(failure), Partition = wanted.Partition };
    }
}
