using OrleansStream.Client.Consuming;

namespace OrleansStream.Client.Hosting;

/// <summary>What to do when the last attempt at handling a record or batch has failed.</summary>
public enum AfterLastAttempt
{
    /// <summary>
    /// The hosted consumer stops for good, all its instances, and nothing from the failed record on is committed: no record is
    /// passed over, and nothing behind it in its partition is handled before somebody has looked.
    /// </summary>
    StopConsumer,

    /// <summary>The record or batch is logged as an error and counts as done; its partition goes on behind it.</summary>
    SkipRecords,
}

/// <summary>Records that could not be handled, as a callback gets to see them.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
/// <param name="TopicPartition">The partition.</param>
/// <param name="Offset">The offset of the first of them.</param>
/// <param name="Records">The records; empty when the one at <paramref name="Offset"/> could not even be deserialized.</param>
/// <param name="Attempts">How often it was tried; once for a record that cannot be deserialized.</param>
/// <param name="Exception">Why the last attempt failed.</param>
public sealed record HandlerFailure<TKey, TValue>(
    TopicPartition TopicPartition,
    Offset Offset,
    IReadOnlyList<ConsumedRecord<TKey, TValue>> Records,
    int Attempts,
    Exception Exception);
