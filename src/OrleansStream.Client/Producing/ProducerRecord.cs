using OrleansStream.Records;

namespace OrleansStream.Client.Producing;

/// <summary>A record to be produced.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TValue">The type of the value.</typeparam>
/// <param name="Topic">The topic.</param>
/// <param name="Key">Records with equal keys go to the same partition, in order; null lets the partitioner choose.</param>
/// <param name="Value">The value; null is stored as absent (a tombstone).</param>
public readonly record struct ProducerRecord<TKey, TValue>(string Topic, TKey? Key, TValue? Value)
{
    /// <summary>Headers, in the order they shall have; null for none. They are read before the call returns.</summary>
    public IReadOnlyList<RecordHeader>? Headers { get; init; }

    /// <summary>The record's own time, of which milliseconds are kept; null means now.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The partition, if the caller wants to choose it; null leaves it to the partitioner.</summary>
    public int? Partition { get; init; }
}
