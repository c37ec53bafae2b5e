namespace OrleansStream.Client.Producing;

/// <summary>
/// Produces records. Safe for concurrent use; one instance for the whole application is right. Records of one partition are
/// stored in the order of the calls. Idempotent by default: retries store nothing twice.
/// </summary>
/// <remarks>
/// Batching needs no setting: a record that nobody is ahead of is sent at once, and while a batch of its partition is in
/// flight, the records that come meanwhile gather into the next one. Disposing flushes first.
/// </remarks>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IProducer<TKey, TValue> : IAsyncDisposable
{
    /// <summary>Produces a record and completes once it is durable. Concurrent calls share batches, so await many at once for throughput.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="key">The key, or null.</param>
    /// <param name="value">The value, or null.</param>
    /// <param name="cancellationToken">Gives up waiting for room in the buffer; a record that was accepted is delivered nevertheless.</param>
    /// <exception cref="OrleansStreamException">The record was refused, or not acknowledged within the delivery timeout.</exception>
    ValueTask<RecordMetadata> ProduceAsync(string topic, TKey? key, TValue? value, CancellationToken cancellationToken = default);

    /// <summary>As the other overload, with headers, a timestamp or a chosen partition.</summary>
    ValueTask<RecordMetadata> ProduceAsync(ProducerRecord<TKey, TValue> record, CancellationToken cancellationToken = default);

    /// <summary>
    /// Hands a record over and completes as soon as the buffer took it, which is at once unless the buffer is full: this is the
    /// back-pressure. No allocation per record.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="onDelivery">
    /// Called once, when the record is durable or lost, on a thread of the pool; keep it short. Without it, a failure surfaces
    /// in the next <see cref="FlushAsync"/>.
    /// </param>
    /// <param name="state">Passed on to <paramref name="onDelivery"/>, so that it needs no closure.</param>
    /// <param name="cancellationToken">Gives up waiting for room.</param>
    ValueTask EnqueueAsync(
        ProducerRecord<TKey, TValue> record,
        Action<DeliveryResult>? onDelivery = null,
        object? state = null,
        CancellationToken cancellationToken = default);

    /// <summary>Completes when everything that was handed over before is durable or has failed.</summary>
    /// <exception cref="OrleansStreamException">An enqueued record without a callback failed since the last flush; the message says how many.</exception>
    Task FlushAsync(CancellationToken cancellationToken = default);
}
