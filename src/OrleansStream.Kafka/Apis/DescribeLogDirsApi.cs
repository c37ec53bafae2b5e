using OrleansStream.Kafka.Messages;
using OrleansStream.Server.Groups;
using OrleansStream.Server.Placement;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Kafka.Apis;

/// <summary>
/// Tells how large the logs are of the partitions that belong to this silo, by the store that holds them; idle ones are not woken. How much
/// room a store has left is not told: it may be a database.
/// </summary>
internal sealed class DescribeLogDirsApi(ICatalog catalog, ILogStores stores, IPartitionExtents extents, PartitionDirectory placement)
    : KafkaApi<DescribeLogDirsRequest, DescribeLogDirsResponse>
{
    private const int PageSize = 1000;

    /// <summary>What a log takes in an answer.</summary>
    private const int LogBytes = 256;

    protected override async ValueTask<DescribeLogDirsResponse?> HandleAsync(DescribeLogDirsRequest request, RequestContext context)
    {
        var found = new List<(string Store, string Topic, DescribeLogDirsResponse.StoredPartition Partition)>();
        if (request.Topics is null)
        {
            for (string? after = null; ;)
            {
                var page = await catalog.ListTopicsAsync("", after, PageSize, context.ConnectionClosed).ConfigureAwait(false);
                foreach (var topic in page)
                {
                    await AddAsync(found, topic, Enumerable.Range(0, topic.PartitionCount), context).ConfigureAwait(false);
                }

                if (page.Count < PageSize)
                {
                    break;
                }

                after = page[^1].Name;
            }
        }

        foreach (var wanted in request.Topics ?? [])
        {
            if (await catalog.FindTopicAsync(wanted.Topic, context.ConnectionClosed).ConfigureAwait(false) is { } topic)
            {
                await AddAsync(found, topic, wanted.Partitions.Distinct().Where(number => number >= 0 && number < topic.PartitionCount), context).ConfigureAwait(false);
            }
        }

        return new DescribeLogDirsResponse
        {
            Results = [.. stores.All.Select(store => new DescribeLogDirsResponse.LogDir
            {
                LogDirName = store.Name,
                Topics = [.. found.Where(log => log.Store == store.Name).GroupBy(log => log.Topic, StringComparer.Ordinal).Select(topic => new DescribeLogDirsResponse.StoredTopic
                {
                    Name = topic.Key,
                    Partitions = [.. topic.Select(log => log.Partition)],
                })],
            })],
        };
    }

    private async Task AddAsync(
        List<(string Store, string Topic, DescribeLogDirsResponse.StoredPartition Partition)> found, TopicDescription topic, IEnumerable<int> numbers, RequestContext context)
    {
        foreach (var number in numbers)
        {
            var id = new PartitionId(topic.TopicId, number);
            if (placement.LocalSilo.Equals(placement.OwnerOf(id, topic.PartitionCount))
                && await catalog.FindStoreAsync(id, context.ConnectionClosed).ConfigureAwait(false) is { } store
                && await extents.DescribeAsync(id, context.ConnectionClosed).ConfigureAwait(false) is { } log)
            {
                context.Charge(LogBytes);
                found.Add((store, topic.Name, new() { PartitionIndex = number, PartitionSize = log.SizeInBytes }));
            }
        }
    }
}
