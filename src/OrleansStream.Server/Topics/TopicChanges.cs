using OrleansStream.Server.Partitions;
using OrleansStream.Server.Placement;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Topics;

/// <summary>Brings this silo's open partitions in line with what the catalog says of their topic.</summary>
internal sealed class TopicChanges(ICatalog catalog, PartitionTable table, PlacementMap map, TopicDirectory directory)
{
    private const string DeletedReason = "Its topic was deleted.";

    /// <summary>Completes when settings are taken over, or when the partitions of a deleted topic are closed.</summary>
    public async Task ApplyAsync(Guid topicId)
    {
        directory.Forget(topicId);
        var topic = await catalog.FindTopicAsync(topicId, CancellationToken.None);
        var configuration = topic is null ? null : TopicConfiguration.Parse(topic.Configuration);
        var closing = new List<Task>();
        foreach (var partition in table.All().Where(partition => partition.Id.TopicId == topicId))
        {
            if (configuration is null)
            {
                partition.RequestClose(DeletedReason);
                closing.Add(partition.Closed);
            }
            else
            {
                partition.Log.Reconfigure(configuration);
                partition.PartitionCount = topic!.PartitionCount;
            }
        }

        map.TopicChanged(topicId);

        await Task.WhenAll(closing);
    }
}
