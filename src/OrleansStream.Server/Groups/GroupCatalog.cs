using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Groups;

/// <summary>What groups ask the catalog: names to ids and back.</summary>
internal sealed class GroupCatalog(ICatalog catalog)
{
    /// <summary>Looks topics up by name; null for those that do not exist.</summary>
    public async Task<Dictionary<string, GroupTopic?>> FindAsync(IEnumerable<string> names)
    {
        var found = await Task.WhenAll(names.Distinct(StringComparer.Ordinal).Select(async name => (name, Topic: await catalog.FindTopicAsync(name, default))));
        return found.ToDictionary(pair => pair.name, pair => ToGroupTopic(pair.Topic), StringComparer.Ordinal);
    }

    /// <summary>Looks topics up by id; those that do not exist are left out.</summary>
    public async Task<Dictionary<Guid, GroupTopic>> FindAsync(IEnumerable<Guid> ids)
    {
        var found = await Task.WhenAll(ids.Distinct().Select(id => catalog.FindTopicAsync(id, default).AsTask()));
        return found.OfType<TopicDescription>().ToDictionary(topic => topic.TopicId, topic => ToGroupTopic(topic)!);
    }

    private static GroupTopic? ToGroupTopic(TopicDescription? topic) =>
        topic is null ? null : new GroupTopic(topic.Name, topic.TopicId, topic.PartitionCount);
}
