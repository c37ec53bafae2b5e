using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Grains;
using OrleansStream.Kafka.Diagnostics;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Server.Topics;
using OrleansStream.Topics;

namespace OrleansStream.Kafka.Cluster;

/// <summary>Finds topics for requests, and creates those that clients want created by being asked for. Safe for concurrent use.</summary>
internal sealed partial class TopicFinder(TopicDirectory topics, IGrainFactory grains, IOptions<KafkaOptions> options, ILogger<TopicFinder> logger)
{
    /// <summary>The names that Kafka keeps its own records under. Here they lie elsewhere, and no client may write such topics.</summary>
    public static bool IsInternal(string name) => name is "__consumer_offsets" or "__transaction_state" or "__share_group_state";

    /// <summary>Finds a topic by name, or by id where there is no name.</summary>
    public ValueTask<TopicDescription?> FindAsync(string? name, Guid topicId, CancellationToken cancellationToken) =>
        string.IsNullOrEmpty(name) ? topics.FindAsync(topicId, cancellationToken) : topics.FindAsync(name, cancellationToken);

    /// <summary>Finds a topic, or creates it where that is wanted and allowed.</summary>
    public async ValueTask<(TopicDescription? Topic, ErrorCode Error)> FindOrCreateAsync(string name, bool mayCreate, CancellationToken cancellationToken)
    {
        if (!TopicName.IsValid(name, out _) || IsInternal(name))
        {
            return (null, ErrorCode.InvalidTopic);
        }

        if (await topics.FindAsync(name, cancellationToken).ConfigureAwait(false) is { } topic)
        {
            return (topic, ErrorCode.None);
        }

        if (!mayCreate || !options.Value.AutoCreateTopics)
        {
            return (null, ErrorCode.UnknownTopicOrPartition);
        }

        try
        {
            return (await grains.GetGrain<ITopicGrain>(name).CreateAsync(options.Value.DefaultPartitions, new Dictionary<string, string>()).ConfigureAwait(false), ErrorCode.None);
        }
        catch (OrleansStreamException failure) when (failure.ErrorCode == ErrorCode.TopicAlreadyExists)
        {
            topic = await topics.FindAsync(name, cancellationToken).ConfigureAwait(false);
            return topic is null ? (null, ErrorCode.UnknownTopicOrPartition) : (topic, ErrorCode.None);
        }
        catch (Exception failure) when (failure is OrleansStreamException or TimeoutException or OrleansException)
        {
            // Clients ask again for what is not there.
            NotCreated(name, failure);
            return (null, ErrorCode.UnknownTopicOrPartition);
        }
    }

    [LoggerMessage(LogEvents.TopicNotCreated, LogLevel.Warning, "Topic {Topic}, which a Kafka client asked for, could not be created.")]
    private partial void NotCreated(string topic, Exception exception);
}
