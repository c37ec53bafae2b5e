using OrleansStream.Client.Administration;
using OrleansStream.Topics;

namespace OrleansStream.Dashboard.Watching;

/// <summary>The list of topics, as far as a page can show it.</summary>
/// <param name="Topics">By name.</param>
/// <param name="IsCut">True when there are more.</param>
/// <param name="Sizes">The bytes and records of topics, idle partitions included, by topic id; those that were not measured are missing.</param>
/// <param name="SizedAt">When they were measured.</param>
public sealed record TopicsView(
    IReadOnlyList<TopicDescription> Topics, bool IsCut, IReadOnlyDictionary<Guid, TopicSize> Sizes, DateTimeOffset SizedAt)
{
    /// <summary>A list that is longer is looked through by prefix.</summary>
    public const int MaxTopics = 5000;

    /// <summary>Sizes of idle partitions are read from their stores, so only this many topics are measured.</summary>
    private const int MaxSized = 200;

    private const int AtOnce = 8;

    private static readonly TimeSpan s_sizesLast = TimeSpan.FromSeconds(20);

    internal static async Task<TopicsView> ReadAsync(IAdminClient admin, TopicsView? previous, TimeProvider time, CancellationToken stop)
    {
        var topics = await admin.ListTopicsAsync(cancellationToken: stop).Take(MaxTopics + 1).ToListAsync(stop).ConfigureAwait(false);
        var isCut = topics.Count > MaxTopics;
        var now = time.GetUtcNow();
        var known = previous?.Topics.Select(topic => topic.TopicId).ToHashSet();
        if (previous is not null && now - previous.SizedAt < s_sizesLast && known!.SetEquals(topics.Take(MaxTopics).Select(topic => topic.TopicId)))
        {
            return new TopicsView([.. topics.Take(MaxTopics)], isCut, previous.Sizes, previous.SizedAt);
        }

        var sizes = new Dictionary<Guid, TopicSize>();
        foreach (var chunk in topics.Take(MaxSized).Chunk(AtOnce))
        {
            foreach (var (id, size) in await Task.WhenAll(chunk.Select(topic => MeasureAsync(admin, topic, stop))).ConfigureAwait(false))
            {
                sizes[id] = size;
            }
        }

        return new TopicsView([.. topics.Take(MaxTopics)], isCut, sizes, now);
    }

    private static async Task<(Guid Id, TopicSize Size)> MeasureAsync(IAdminClient admin, TopicDescription topic, CancellationToken stop)
    {
        try
        {
            var partitions = await admin.DescribePartitionsAsync(topic.Name, stop).ToListAsync(stop).ConfigureAwait(false);
            return (topic.TopicId, TopicSize.Of(partitions));
        }
        catch (OrleansStreamException)
        {
            // Deleted meanwhile, or nobody can tell now; the next round knows.
            return (topic.TopicId, new TopicSize(0, 0, 0));
        }
    }
}

/// <summary>What a topic holds.</summary>
/// <param name="Bytes">Bytes of all its logs.</param>
/// <param name="Records">Records between the starts and the ends of its logs.</param>
/// <param name="Troubles">Partitions that cannot serve.</param>
public sealed record TopicSize(long Bytes, long Records, int Troubles)
{
    public static TopicSize Of(IReadOnlyCollection<PartitionDescription> partitions) => new(
        partitions.Sum(partition => partition.SizeInBytes),
        partitions.Sum(partition => partition.HighWatermark.HasValue ? partition.HighWatermark - partition.LogStartOffset : 0),
        partitions.Count(partition => partition.Error != ErrorCode.None));
}

/// <summary>A topic with its partitions.</summary>
public sealed record TopicView(TopicDescription Topic, IReadOnlyList<PartitionDescription> Partitions)
{
    public TopicSize Size { get; } = TopicSize.Of(Partitions);
}
