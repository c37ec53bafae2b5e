using OrleansStream.Kafka.Cluster;
using OrleansStream.Server.Partitions;

namespace OrleansStream.Kafka.Fetching;

/// <summary>Finds the partitions of a fetch, and what speaks against reading them. Safe for concurrent use.</summary>
internal sealed class SlotFinder(TopicFinder topics, PartitionFinder partitions)
{
    public async ValueTask FindAsync(FetchSlot slot, CancellationToken cancellationToken)
    {
        var key = slot.Key;
        if (await topics.FindAsync(key.Topic, key.TopicId, cancellationToken).ConfigureAwait(false) is not { } topic)
        {
            slot.Fail(key.Topic.Length > 0 ? ErrorCode.UnknownTopicOrPartition : ErrorCode.UnknownTopicId);
            return;
        }

        if (key.Partition < 0 || key.Partition >= topic.PartitionCount)
        {
            slot.Fail(ErrorCode.UnknownTopicOrPartition);
            return;
        }

        slot.Partition = new PartitionId(topic.TopicId, key.Partition);
        await PlaceAsync(slot, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Finds out where the partition is. It is read only where it is open, under an epoch that the client agrees to.</summary>
    public async ValueTask PlaceAsync(FetchSlot slot, CancellationToken cancellationToken)
    {
        var place = await partitions.FindAsync(slot.Partition, cancellationToken).ConfigureAwait(false);
        if (place.Partition is { } partition)
        {
            CheckEpochs(slot, partition);
        }
        else
        {
            slot.Redirect(place.Error, place.Leader, place.LeaderEpoch);
        }
    }

    private static void CheckEpochs(FetchSlot slot, Partition partition)
    {
        if (PartitionPlace.CheckEpoch(partition, slot.Wanted.CurrentLeaderEpoch) is not ErrorCode.None and var error)
        {
            slot.Redirect(error, null, partition.LeaderEpoch);
            return;
        }

        var last = slot.Wanted.LastFetchedEpoch;
        if (last >= 0 && partition.FindEpochEnd(new LeaderEpoch(last)) is { } end && (end.Epoch.Value < last || end.EndOffset.Value < slot.Wanted.FetchOffset))
        {
            slot.Diverge(end.Epoch, end.EndOffset);
        }
    }
}
