using Microsoft.Extensions.Logging;
using OrleansStream.Grains;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Partitions;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Topics;

/// <summary>
/// Serializes the changes of one topic's catalog entry. It keeps nothing: the catalog is the truth, and refuses what a second
/// activation might try at the same time. So an activation is worth nothing once it has answered: it leaves as soon as its
/// topic is created (whoever makes very many topics at once shall not find them all in memory) and soon after its last call.
/// </summary>
[CollectionAgeLimit(Minutes = 2)]
internal sealed partial class TopicGrain(
    ICatalog catalog,
    LogStores stores,
    TopicBroadcast broadcast,
    TopicPartitions partitions,
    DeletedTopicLogs deletedLogs,
    TimeProvider time,
    ILogger<TopicGrain> logger) : Grain, ITopicGrain
{
    private const int MaxPageSize = 1000;

    private string Name => this.GetPrimaryKeyString();

    public async Task<TopicDescription> CreateAsync(int partitionCount, IReadOnlyDictionary<string, string> configuration)
    {
        if (!TopicName.IsValid(Name, out var problem))
        {
            throw new OrleansStreamException(ErrorCode.InvalidTopic, problem);
        }

        if (partitionCount is < 1 or > ProtocolLimits.MaxPartitionsPerTopic)
        {
            throw new OrleansStreamException(
                ErrorCode.InvalidPartitions, $"A topic has 1 to {ProtocolLimits.MaxPartitionsPerTopic} partitions, not {partitionCount}.");
        }

        DeactivateOnIdle();
        var settings = configuration?.ToDictionary(StringComparer.Ordinal) ?? [];
        TopicConfiguration.Parse(settings);
        var now = time.GetUtcNow();
        var topic = new TopicDescription(Name, Guid.CreateVersion7(now), partitionCount, settings, now);
        if (!await catalog.TryCreateTopicAsync(topic, stores.SpreadFor(topic.TopicId), CancellationToken.None))
        {
            throw new OrleansStreamException(ErrorCode.TopicAlreadyExists, $"There is a topic '{Name}' already; choose another name, or delete it first.");
        }

        TopicCreated(Name, topic.TopicId, partitionCount);
        return await FindAsync();
    }

    public Task<TopicDescription> DescribeAsync() => FindAsync();

    public async Task<PartitionDescription[]> DescribePartitionsAsync(int first, int count)
    {
        var topic = await FindAsync();
        if (first < 0 || count is < 1 or > MaxPageSize)
        {
            throw new OrleansStreamException(
                ErrorCode.InvalidRequest, $"Partitions are described from 0 on, 1 to {MaxPageSize} at a time; {count} from {first} on were asked for.");
        }

        return await partitions.DescribeAsync(topic, first, (int)Math.Min(count, Math.Max(0L, topic.PartitionCount - first)));
    }

    public async Task<TopicDescription> AlterConfigurationAsync(IReadOnlyDictionary<string, string?> changes)
    {
        var topic = await FindAsync();
        var settings = topic.Configuration.ToDictionary(StringComparer.Ordinal);
        foreach (var (name, value) in changes)
        {
            if (value is not null)
            {
                settings[name] = value;
            }
            else if (!settings.Remove(name) && !TopicConfiguration.Settings.Any(setting => setting.Name == name))
            {
                // A default is not stored, so only the list of settings tells a default from a misspelt name.
                throw new OrleansStreamException(ErrorCode.InvalidConfig, $"There is no topic setting '{name}'.");
            }
        }

        TopicConfiguration.Parse(settings);
        await UpdateAsync(topic with { Configuration = settings });
        TopicAltered(Name, topic.TopicId);
        return await FindAsync();
    }

    public async Task<TopicDescription> AddPartitionsAsync(int totalCount)
    {
        var topic = await FindAsync();
        if (totalCount <= topic.PartitionCount || totalCount > ProtocolLimits.MaxPartitionsPerTopic)
        {
            throw new OrleansStreamException(
                ErrorCode.InvalidPartitions,
                $"Topic '{Name}' has {topic.PartitionCount} partitions; it can be given more, up to {ProtocolLimits.MaxPartitionsPerTopic}, not {totalCount}.");
        }

        await UpdateAsync(topic with { PartitionCount = totalCount });
        TopicAltered(Name, topic.TopicId);
        return await FindAsync();
    }

    public async Task DeleteAsync()
    {
        var topic = await FindAsync();

        // The order survives a crash: once the catalog has forgotten the topic nothing opens its partitions, and it has noted
        // that the logs are to go; then whoever has them open closes them; then they are deleted, now or by the sweeper.
        if (!await catalog.DeleteTopicAsync(topic.TopicId, CancellationToken.None))
        {
            throw TopicErrors.UnknownTopic(Name);
        }

        TopicDeleted(Name, topic.TopicId);
        await broadcast.TopicChangedAsync(topic.TopicId);
        await deletedLogs.DeleteAsync(new DeletedTopic(topic.TopicId, topic.PartitionCount), CancellationToken.None);
    }

    private async Task<TopicDescription> FindAsync() =>
        await catalog.FindTopicAsync(Name, CancellationToken.None) ?? throw TopicErrors.UnknownTopic(Name);

    private async Task UpdateAsync(TopicDescription changed)
    {
        if (!await catalog.UpdateTopicAsync(changed, stores.SpreadFor(changed.TopicId), CancellationToken.None))
        {
            throw TopicErrors.UnknownTopic(Name);
        }

        await broadcast.TopicChangedAsync(changed.TopicId);
    }

    [LoggerMessage(LogEvents.TopicCreated, LogLevel.Information, "Created topic {Topic} ({TopicId}) with {Partitions} partitions.")]
    private partial void TopicCreated(string topic, Guid topicId, int partitions);

    [LoggerMessage(LogEvents.TopicAltered, LogLevel.Information, "Altered topic {Topic} ({TopicId}).")]
    private partial void TopicAltered(string topic, Guid topicId);

    [LoggerMessage(LogEvents.TopicDeleted, LogLevel.Information, "Deleted topic {Topic} ({TopicId}).")]
    private partial void TopicDeleted(string topic, Guid topicId);
}
