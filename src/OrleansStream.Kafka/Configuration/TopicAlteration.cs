using OrleansStream.Grains;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Kafka.Configuration;

/// <summary>Changes the settings of topics, or only says whether they could be.</summary>
internal sealed class TopicAlteration(IGrainFactory grains, ICatalog catalog)
{
    /// <summary>Finds what settings are to belong to.</summary>
    /// <exception cref="OrleansStreamException">It is no topic, or there is none of the name.</exception>
    public async Task<TopicDescription> FindAsync(ResourceType type, string name, CancellationToken cancellationToken) => type switch
    {
        ResourceType.Topic => await catalog.FindTopicAsync(name, cancellationToken).ConfigureAwait(false)
            ?? throw new OrleansStreamException(ErrorCode.UnknownTopicOrPartition, $"There is no topic '{name}'."),
        ResourceType.Broker => throw new OrleansStreamException(ErrorCode.InvalidRequest, "A silo's settings come from its configuration; change them there and start it again."),
        _ => throw new OrleansStreamException(ErrorCode.InvalidRequest, $"Only topics have settings that can be changed; there are none of the kind {(sbyte)type}."),
    };

    /// <summary>Changes settings; null returns one to its default.</summary>
    /// <exception cref="OrleansStreamException">The settings that would come of it are not acceptable.</exception>
    public async Task ApplyAsync(TopicDescription topic, IReadOnlyDictionary<string, string?> changes, bool isTrial)
    {
        var outcome = topic.Configuration.ToDictionary(StringComparer.Ordinal);
        foreach (var (name, value) in changes)
        {
            if (value is null)
            {
                outcome.Remove(name);
            }
            else
            {
                outcome[name] = value;
            }
        }

        TopicConfiguration.Parse(outcome);
        if (!isTrial && changes.Count > 0)
        {
            await grains.GetGrain<ITopicGrain>(topic.Name).AlterConfigurationAsync(changes).ConfigureAwait(false);
        }
    }
}
