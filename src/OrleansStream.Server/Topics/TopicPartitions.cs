using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Partitions;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Topics;

/// <summary>Describes a topic's partitions without waking any: open ones are told by the silos, idle ones by their stores.</summary>
internal sealed class TopicPartitions(ICatalog catalog, LogStores stores, IGrainFactory grains, ISiloStatusOracle silos, EndpointAddress address)
{
    public async Task<PartitionDescription[]> DescribeAsync(TopicDescription topic, int first, int count)
    {
        var described = new PartitionDescription?[count];
        var open = await Task.WhenAll(
            silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Select(silo => DescribeOpenAsync(silo, topic.TopicId, first, count)));
        foreach (var partition in open.SelectMany(partitions => partitions))
        {
            // While a partition moves two silos may have it open; the later epoch is the one that can write.
            ref var known = ref described[partition.Partition - first];
            known = known is null || known.LeaderEpoch < partition.LeaderEpoch ? partition : known;
        }

        for (var at = 0; at < count; at++)
        {
            described[at] ??= await DescribeIdleAsync(new PartitionId(topic.TopicId, first + at));
        }

        return described!;
    }

    private async Task<PartitionDescription[]> DescribeOpenAsync(SiloAddress silo, Guid topicId, int first, int count)
    {
        try
        {
            return await address.On(grains, silo).DescribeOpenPartitionsAsync(topicId, first, count);
        }
        catch (Exception unreachable) when (unreachable is TimeoutException or OrleansMessageRejectionException)
        {
            return [];
        }
    }

    private async Task<PartitionDescription> DescribeIdleAsync(PartitionId id)
    {
        try
        {
            var store = await catalog.FindStoreAsync(id, CancellationToken.None);
            var log = store is null ? null : await stores.Get(store).DescribeAsync(id, CancellationToken.None);
            return log is null
                ? new PartitionDescription(id.Partition, null, LeaderEpoch.None, Offset.None, Offset.None, 0, 0)
                : new PartitionDescription(
                    id.Partition, null, log.LeaderEpoch, log.Offsets.LogStart, log.Offsets.HighWatermark, log.SizeInBytes, log.SegmentCount);
        }
        catch (OrleansStreamException unreadable)
        {
            return new PartitionDescription(id.Partition, null, LeaderEpoch.None, Offset.None, Offset.None, 0, 0, unreadable.ErrorCode, unreadable.Message);
        }
    }
}
