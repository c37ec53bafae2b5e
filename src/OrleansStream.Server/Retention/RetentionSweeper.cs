using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Partitions;
using OrleansStream.Server.Placement;
using OrleansStream.Server.Topics;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Retention;

/// <summary>
/// Deletes what retention no longer covers: of the partitions open here in every round, of idle ones some in each round, going
/// through the catalog in pages and going on where the last round stopped: those that would live here, so that the silos of a
/// cluster share the work. Also deletes what is left of deleted topics. Stores do not wait for each other.
/// </summary>
internal sealed partial class RetentionSweeper(
    ICatalog catalog,
    LogStores stores,
    PartitionTable table,
    PlacementMap map,
    EndpointAddress address,
    DeletedTopicLogs deletedLogs,
    IOptions<OrleansStreamServerOptions> options,
    TimeProvider time,
    ILogger<RetentionSweeper> logger) : Sweeper(options.Value.RetentionInterval, time, logger)
{
    private const int PageSize = 100;

    /// <summary>How many idle partitions a round looks at, so that a million of them cost a round no more than a thousand.</summary>
    private const int IdlePartitionsPerRound = 1000;

    private string? _lastTopic;

    public override async Task SweepAsync(CancellationToken cancellationToken)
    {
        await deletedLogs.DeleteRemainingAsync(cancellationToken);
        await Task.WhenAll(table.All().GroupBy(partition => partition.Store).Select(async store =>
        {
            foreach (var partition in store)
            {
                await TryApplyAsync(partition.Id, () => partition.Log.ApplyRetentionAsync(cancellationToken));
            }
        }));
        await SweepIdleAsync(cancellationToken);
    }

    private async Task SweepIdleAsync(CancellationToken cancellationToken)
    {
        // The rest of what lies in a store that failed has its turn when the catalog has been gone through.
        var failed = new HashSet<string>(StringComparer.Ordinal);
        for (var looked = 0; looked < IdlePartitionsPerRound;)
        {
            var page = await catalog.ListTopicsAsync("", _lastTopic, PageSize, cancellationToken);
            foreach (var topic in page)
            {
                looked += await SweepIdleAsync(topic, failed, cancellationToken);
                _lastTopic = topic.Name;
                if (looked >= IdlePartitionsPerRound)
                {
                    return;
                }
            }

            if (page.Count < PageSize)
            {
                _lastTopic = null;
                return;
            }
        }
    }

    private async Task<int> SweepIdleAsync(TopicDescription topic, HashSet<string> failed, CancellationToken cancellationToken)
    {
        var configuration = TopicConfiguration.Parse(topic.Configuration);
        if (configuration.Retention is null && configuration.RetentionBytes is null)
        {
            return 1;
        }

        var view = map.View;
        for (var number = 0; number < topic.PartitionCount; number++)
        {
            var id = new PartitionId(topic.TopicId, number);
            if (map.OwnerOf(id, topic.PartitionCount, view) == address.Silo && !table.TryFind(id, out _)
                && await catalog.FindStoreAsync(id, cancellationToken) is { } store && !failed.Contains(store)
                && !await TryApplyAsync(id, () => stores.Get(store).ApplyRetentionAsync(id, configuration, cancellationToken)))
            {
                failed.Add(store);
            }
        }

        return topic.PartitionCount;
    }

    private async Task<bool> TryApplyAsync(PartitionId partition, Func<ValueTask> apply)
    {
        try
        {
            await apply();
            return true;
        }
        catch (Exception failure) when (failure is OrleansStreamException or IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            RetentionFailed(partition, failure);
            return false;
        }
    }

    [LoggerMessage(LogEvents.RetentionFailed, LogLevel.Warning, "Retention could not be applied to partition {Partition}; it is tried again.")]
    private partial void RetentionFailed(PartitionId partition, Exception exception);
}
