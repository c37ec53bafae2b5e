using System.Text.Json.Serialization;
using OrleansStream.Topics;

namespace OrleansStream.Cli.Topics;

/// <summary>A topic in listings.</summary>
internal sealed record TopicRow(string Name, Guid TopicId, int PartitionCount, IReadOnlyDictionary<string, string> Configuration, DateTimeOffset CreatedAt)
{
    public static TopicRow From(TopicDescription topic) =>
        new(topic.Name, topic.TopicId, topic.PartitionCount, topic.Configuration, topic.CreatedAt);

    /// <summary>The settings that differ from the defaults, in one line.</summary>
    [JsonIgnore]
    public string Settings => string.Join(' ', Configuration.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key}={s.Value}"));
}

/// <summary>A partition of a topic; null stands for what is not known while the partition has never been open.</summary>
internal sealed record PartitionRow(
    int Partition, string? Leader, long? LeaderEpoch, long? LogStartOffset, long? HighWatermark, long SizeInBytes, int SegmentCount, string? Error)
{
    public static PartitionRow From(PartitionDescription partition) => new(
        partition.Partition,
        partition.Leader,
        Known(partition.LeaderEpoch.Value),
        Known(partition.LogStartOffset.Value),
        Known(partition.HighWatermark.Value),
        partition.SizeInBytes,
        partition.SegmentCount,
        partition.Error == ErrorCode.None ? null : partition.Message ?? partition.Error.ToString());

    private static long? Known(long number) => number < 0 ? null : number;
}

/// <summary>A topic with everything that is known about it.</summary>
/// <param name="Topic">Its catalog entry.</param>
/// <param name="EffectiveConfiguration">Every setting, defaults filled in.</param>
/// <param name="Partitions">By number.</param>
internal sealed record TopicDetails(TopicRow Topic, IReadOnlyDictionary<string, string> EffectiveConfiguration, IReadOnlyList<PartitionRow> Partitions);
