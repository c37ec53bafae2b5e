using System.Collections;

namespace OrleansStream.Client.Consuming;

/// <summary>Consecutive records of one partition. It owns its records and may be kept.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public sealed class ConsumedBatch<TKey, TValue> : IReadOnlyList<ConsumedRecord<TKey, TValue>>
{
    private readonly ReadOnlyMemory<ConsumedRecord<TKey, TValue>> _records;

    /// <summary>Takes over the records.</summary>
    public ConsumedBatch(TopicPartition topicPartition, ReadOnlyMemory<ConsumedRecord<TKey, TValue>> records)
    {
        TopicPartition = topicPartition;
        _records = records;
    }

    /// <summary>The partition that all the records are from.</summary>
    public TopicPartition TopicPartition { get; }

    /// <summary>The records, for loops that copy nothing.</summary>
    public ReadOnlySpan<ConsumedRecord<TKey, TValue>> Span => _records.Span;

    /// <inheritdoc/>
    public int Count => _records.Length;

    /// <inheritdoc/>
    public ConsumedRecord<TKey, TValue> this[int index] => _records.Span[index];

    /// <inheritdoc/>
    public IEnumerator<ConsumedRecord<TKey, TValue>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
