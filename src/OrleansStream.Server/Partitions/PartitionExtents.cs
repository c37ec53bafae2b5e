using OrleansStream.Grains;
using OrleansStream.Server.Groups;
using OrleansStream.Storage;

namespace OrleansStream.Server.Partitions;

/// <inheritdoc/>
internal sealed class PartitionExtents(ICatalog catalog, LogStores stores, PartitionTable table, IGrainFactory grains) : IPartitionExtents
{
    public async ValueTask<LogDescription?> DescribeAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        if (table.TryFind(partition, out var open))
        {
            return open.Describe();
        }

        try
        {
            if (await catalog.FindStoreAsync(partition, cancellationToken) is not { } store)
            {
                return null;
            }

            return await stores.Get(store).DescribeAsync(partition, cancellationToken) ?? await AskGrainAsync(partition, cancellationToken);
        }
        catch (Exception unknown) when (unknown is OrleansStreamException or TimeoutException or Orleans.Runtime.OrleansMessageRejectionException)
        {
            return null;
        }
    }

    private async Task<LogDescription> AskGrainAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        var told = await grains.GetGrain<IPartitionGrain>(partition.ToString()).DescribeAsync().WaitAsync(cancellationToken);

        // What the grain tells is durable, so its high watermark stands for the two offsets behind it that it does not tell.
        var offsets = new LogOffsets(told.LogStartOffset, told.HighWatermark, told.HighWatermark, told.HighWatermark);
        return new LogDescription(told.LeaderEpoch, offsets, told.SizeInBytes, told.SegmentCount);
    }
}
