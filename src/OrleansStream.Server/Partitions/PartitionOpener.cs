using OrleansStream.Server.Topics;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Partitions;

/// <summary>Opens partitions on behalf of their grains: finds topic and store in the catalog, opens the log, enters the silo's table.</summary>
internal sealed class PartitionOpener(ICatalog catalog, LogStores stores, PartitionTable table, TimeProvider time)
{
    /// <param name="id">The partition.</param>
    /// <param name="requestClose">How the partition asks its grain to close it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OrleansStreamException">No such partition, or its log cannot be opened.</exception>
    public async Task<Partition> OpenAsync(PartitionId id, Action<string> requestClose, CancellationToken cancellationToken)
    {
        var configuration = await FindConfigurationAsync(id, cancellationToken);
        var store = stores.Get(await catalog.FindStoreAsync(id, cancellationToken) ?? throw Unknown(id));
        var log = await store.OpenAsync(id, configuration, cancellationToken);
        var partition = new Partition(log, time, requestClose);
        table.Add(partition);
        try
        {
            // The topic may have been altered or deleted since it was read. Whoever did that changed the catalog first and told the
            // open partitions afterwards: either this one was in the table by then, or the change is seen now.
            log.Reconfigure(await FindConfigurationAsync(id, cancellationToken));
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

    private async Task<TopicConfiguration> FindConfigurationAsync(PartitionId id, CancellationToken cancellationToken)
    {
        var topic = await catalog.FindTopicAsync(id.TopicId, cancellationToken);
        return topic is not null && id.Partition < topic.PartitionCount ? TopicConfiguration.Parse(topic.Configuration) : throw Unknown(id);
    }

    private static OrleansStreamException Unknown(PartitionId id) => TopicErrors.UnknownPartition(id);
}
