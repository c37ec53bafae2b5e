namespace OrleansStream.Client.Producing;

/// <summary>Where a record was stored.</summary>
/// <param name="TopicPartition">The partition.</param>
/// <param name="Offset">The record's offset.</param>
public readonly record struct RecordMetadata(TopicPartition TopicPartition, Offset Offset);

/// <summary>What became of an enqueued record.</summary>
/// <param name="TopicPartition">The partition it was meant for.</param>
/// <param name="Offset">Where it was stored; <see cref="Offset.None"/> after a failure.</param>
/// <param name="Error">Why it could not be stored within the delivery timeout; null when it is durable.</param>
/// <param name="State">Whatever was passed to <see cref="IProducer{TKey, TValue}.EnqueueAsync"/>.</param>
public readonly record struct DeliveryResult(TopicPartition TopicPartition, Offset Offset, OrleansStreamException? Error, object? State);
