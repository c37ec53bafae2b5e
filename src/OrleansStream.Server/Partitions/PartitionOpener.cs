using OrleansStream.Server.Topics;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Partitions;

/// <summary>Opens partitions on behalf of their grains: finds topic and store in the catalog, opens the log, enters the silo's table.</summary>
internal sealed class PartitionOpener(ICatalog catalog, LogStores stores, PartitionTable table, TimeProvider time)
{
    /// <param name="id">The partition.</param>
    /// <param name="owner">The partition's grain.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OrleansStreamException">No such partition, or its log cannot be opened.</exception>
    public async Task<Partition> OpenAsync(PartitionId id, IPartitionOwner owner, CancellationToken cancellationToken)
    {
        var topic = await FindTopicAsync(id, cancellationToken);
        var store = stores.Get(await catalog.FindStoreAsync(id, cancellationToken) ?? throw Unknown(id));
        var log = await store.OpenAsync(id, TopicConfiguration.Parse(topic.Configuration), cancellationToken);
        var partition = new Partition(log, topic.PartitionCount, time, owner) { Topic = topic.Name, Store = store.Name };
        table.Add(partition);
        try
        {
            // The topic may have been altered or deleted since it was read. Whoever did that changed the catalog first and told the
            // open partitions afterwards: either this one was in the table by then, or the change is seen now.
            topic = await FindTopicAsync(id, cancellationToken);
            log.Reconfigure(TopicConfiguration.Parse(topic.Configuration));
            partition.PartitionCount = topic.PartitionCount;
            return partition;
        }
        catch (Exception failure)
        {
            table.Remove(partition);
            await log.DisposeAsync();
            if (failure is OrleansStreamException { ErrorCode: ErrorCode.UnknownTopicOrPartition })
            {
                await store.DeleteAsync(id, CancellationToken.None);
            }

            partition.SetClosed();
            throw;
        }
    }

    /// <summary>Reads what an opening would read, without opening.</summary>
    /// <returns>The name of the partition's store.</returns>
    /// <exception cref="OrleansStreamException">No such partition, or its store cannot be reached.</exception>
    public async Task<string> PrepareAsync(PartitionId id, CancellationToken cancellationToken)
    {
        await FindTopicAsync(id, cancellationToken);
        var store = await catalog.FindStoreAsync(id, cancellationToken) ?? throw Unknown(id);
        await stores.Get(store).DescribeAsync(id, cancellationToken);
        return store;
    }

    private async Task<TopicDescription> FindTopicAsync(PartitionId id, CancellationToken cancellationToken)
    {
        var topic = await catalog.FindTopicAsync(id.TopicId, cancellationToken);
        return topic is not null && id.Partition < topic.PartitionCount ? topic : throw Unknown(id);
    }

    private static OrleansStreamException Unknown(PartitionId id) => TopicErrors.UnknownPartition(id);
}
