using OrleansStream.Kafka.Cluster;
using OrleansStream.Kafka.Messages;
using OrleansStream.Server.Partitions;
using OrleansStream.Storage;

namespace OrleansStream.Kafka.Apis;

/// <summary>Finds offsets by time, and those of the places that have a number of their own below zero.</summary>
internal sealed class ListOffsetsApi(PartitionWalk walk) : KafkaApi<ListOffsetsRequest, ListOffsetsResponse>
{
    private const long Latest = -1;
    private const long Earliest = -2;
    private const long MaxTimestamp = -3;
    private const long EarliestLocal = -4;
    private const long LatestTiered = -5;
    private const long EarliestPendingUpload = -6;

    protected override async ValueTask<ListOffsetsResponse?> HandleAsync(ListOffsetsRequest request, RequestContext context)
    {
        var answers = new ListOffsetsResponse.TopicAnswer[request.Topics.Length];
        for (var at = 0; at < answers.Length; at++)
        {
            var topic = request.Topics[at];
            answers[at] = new()
            {
                Name = topic.Name,
                Partitions = await walk.LocalAsync(
                    topic.Name,
                    topic.Partitions,
                    wanted => wanted.PartitionIndex,
                    (partition, wanted) => AnswerAsync(partition, wanted, context),
                    (wanted, outcome) => new() { PartitionIndex = wanted.PartitionIndex, ErrorCode = outcome.Code },
                    context.ConnectionClosed).ConfigureAwait(false),
            };
        }

        return new ListOffsetsResponse { Topics = answers };
    }

    private static async ValueTask<ListOffsetsResponse.PartitionAnswer> AnswerAsync(
        Partition partition, ListOffsetsRequest.WantedPartition wanted, RequestContext context)
    {
        var error = wanted.Timestamp < 0 && context.Version < FirstVersionOf(wanted.Timestamp)
            ? (short)KafkaError.UnsupportedVersion
            : KafkaErrors.Of(PartitionPlace.CheckEpoch(partition, wanted.CurrentLeaderEpoch));
        var answer = error != 0
            ? new ListOffsetsResponse.PartitionAnswer { ErrorCode = error }
            : await FindAsync(partition, wanted.Timestamp, context.ConnectionClosed).ConfigureAwait(false);
        answer.PartitionIndex = wanted.PartitionIndex;
        return answer;
    }

    private static short FirstVersionOf(long timestamp) => timestamp switch
    {
        Latest or Earliest => 0,
        MaxTimestamp => 7,
        EarliestLocal => 8,
        LatestTiered => 9,
        EarliestPendingUpload => 11,
        _ => short.MaxValue,
    };

    private static async ValueTask<ListOffsetsResponse.PartitionAnswer> FindAsync(Partition partition, long timestamp, CancellationToken cancellationToken)
    {
        var offsets = partition.Offsets;
        switch (timestamp)
        {
            case Latest:
                return new() { Offset = offsets.HighWatermark.Value, LeaderEpoch = partition.LeaderEpoch.Value };
            case Earliest or EarliestLocal:
                return new() { Offset = offsets.LogStart.Value, LeaderEpoch = EpochOf(partition, offsets.LogStart) };
            case LatestTiered or EarliestPendingUpload:
                // Nothing is stored in tiers.
                return new();
            default:
                var found = timestamp == MaxTimestamp
                    ? await FindYoungestAsync(partition, cancellationToken).ConfigureAwait(false)
                    : await partition.FindOffsetAsync(timestamp, cancellationToken).ConfigureAwait(false);
                return found is { } record
                    ? new() { Offset = record.Offset.Value, Timestamp = record.TimestampMs, LeaderEpoch = EpochOf(partition, record.Offset) }
                    : new();
        }
    }

    /// <summary>
    /// Finds the first record of the largest timestamp. The log tells whether a record is at least so young, so the limit is closed in on from both
    /// sides; each record found moves the lower one at least as far as its own time.
    /// </summary>
    private static async ValueTask<TimestampedOffset?> FindYoungestAsync(Partition partition, CancellationToken cancellationToken)
    {
        var youngest = await partition.FindOffsetAsync(0, cancellationToken).ConfigureAwait(false);
        var tooYoung = long.MaxValue;
        while (youngest is { } found && found.TimestampMs + 1 < tooYoung)
        {
            var middle = found.TimestampMs + 1 + ((tooYoung - found.TimestampMs - 1) / 2);
            if (await partition.FindOffsetAsync(middle, cancellationToken).ConfigureAwait(false) is { } younger)
            {
                youngest = younger;
            }
            else
            {
                tooYoung = middle;
            }
        }

        return youngest;
    }

    /// <summary>The epoch that wrote an offset: the youngest whose predecessor ended at or before it.</summary>
    private static int EpochOf(Partition partition, Offset offset)
    {
        var epoch = partition.LeaderEpoch;
        while (epoch.Value > 0 && partition.FindEpochEnd(new LeaderEpoch(epoch.Value - 1)) is { } before && before.EndOffset > offset)
        {
            epoch = before.Epoch;
        }

        return epoch.Value;
    }
}
