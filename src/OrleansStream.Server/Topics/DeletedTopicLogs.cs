using Microsoft.Extensions.Logging;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Partitions;
using OrleansStream.Storage;

namespace OrleansStream.Server.Topics;

/// <summary>
/// Deletes the logs of deleted topics. The catalog remembers such a topic until its logs are gone, so a crash in between, or
/// a disk that refuses, only delays it.
/// </summary>
internal sealed partial class DeletedTopicLogs(ICatalog catalog, LogStores stores, ILogger<DeletedTopicLogs> logger)
{
    private const int PageSize = 100;

    /// <summary>Deletes what is still there of topics that were deleted earlier.</summary>
    public async Task DeleteRemainingAsync(CancellationToken cancellationToken)
    {
        foreach (var topic in await catalog.ListDeletedTopicsAsync(PageSize, cancellationToken))
        {
            await DeleteAsync(topic, cancellationToken);
        }
    }

    /// <summary>Deletes one topic's logs; what cannot be deleted now stays noted for the next sweep.</summary>
    public async Task DeleteAsync(DeletedTopic topic, CancellationToken cancellationToken)
    {
        try
        {
            // All are begun: one that does not answer keeps no log in another.
            await Task.WhenAll(stores.All.Select(async store =>
            {
                for (var number = 0; number < topic.PartitionCount; number++)
                {
                    await store.DeleteAsync(new PartitionId(topic.TopicId, number), cancellationToken);
                }
            }));
            await catalog.ForgetDeletedTopicAsync(topic.TopicId, cancellationToken);
        }
        catch (Exception failure) when (failure is OrleansStreamException or IOException or UnauthorizedAccessException)
        {
            TopicLogsRemain(topic.TopicId, failure);
        }
    }

    [LoggerMessage(LogEvents.TopicLogsRemain, LogLevel.Warning, "Logs of the deleted topic {TopicId} could not be deleted; it is tried again.")]
    private partial void TopicLogsRemain(Guid topicId, Exception exception);
}
