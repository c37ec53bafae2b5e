using OrleansStream.Client.Consuming;

namespace OrleansStream.Client.Hosting;

/// <summary>
/// Handles records one by one, for a consumer that the application hosts
/// (<see cref="OrleansStreamClientBuilder.AddConsumer{TKey, TValue, THandler}"/>). Made anew, in a scope of its own, for every record and
/// every attempt.
/// </summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IRecordHandler<TKey, TValue>
{
    /// <summary>
    /// Handles a record. When this returns, the record is done and will be committed; an exception means that it has to come again.
    /// A record can come again after a crash as well, so handling it twice must be harmless.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="cancellationToken">
    /// Cancelled when the result no longer counts: the partition went to another consumer, or the application stops and its
    /// patience is over. A record that was given up for it is not committed.
    /// </param>
    Task HandleAsync(ConsumedRecord<TKey, TValue> record, CancellationToken cancellationToken);
}
