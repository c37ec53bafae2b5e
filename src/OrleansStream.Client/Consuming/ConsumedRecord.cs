using OrleansStream.Records;

namespace OrleansStream.Client.Consuming;

/// <summary>A record that was consumed. It owns its data and may be kept.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
/// <param name="TopicPartition">The partition.</param>
/// <param name="Offset">The record's offset.</param>
/// <param name="TimestampMs">The record's time in milliseconds since 1970 UTC.</param>
/// <param name="Key">The key; null (or default) when the record has none.</param>
/// <param name="Value">The value; null (or default) when it is absent.</param>
/// <param name="Headers">The headers; an empty list when there are none.</param>
/// <param name="LeaderEpoch">The epoch under which the record was stored.</param>
public readonly record struct ConsumedRecord<TKey, TValue>(
    TopicPartition TopicPartition,
    Offset Offset,
    long TimestampMs,
    TKey? Key,
    TValue? Value,
    IReadOnlyList<RecordHeader> Headers,
    LeaderEpoch LeaderEpoch)
{
    /// <summary>The topic's name.</summary>
    public string Topic => TopicPartition.Topic;

    /// <summary>The partition's number.</summary>
    public int Partition => TopicPartition.Partition;

    /// <summary>The record's time.</summary>
    public DateTimeOffset Timestamp => DateTimeOffset.FromUnixTimeMilliseconds(TimestampMs);
}
