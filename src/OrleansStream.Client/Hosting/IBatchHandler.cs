using OrleansStream.Client.Consuming;

namespace OrleansStream.Client.Hosting;

/// <summary>
/// Handles records batch by batch, for a consumer that the application hosts
/// (<see cref="OrleansStreamClientBuilder.AddBatchConsumer{TKey, TValue, THandler}"/>). Made anew, in a scope of its own, for every batch and
/// every attempt.
/// </summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IBatchHandler<TKey, TValue>
{
    /// <summary>
    /// Handles consecutive records of one partition. When this returns, all of them are done; an exception means that all of them have
    /// to come again, though perhaps more or fewer of those behind the first in one batch.
    /// </summary>
    /// <param name="batch">The records.</param>
    /// <param name="cancellationToken">As for <see cref="IRecordHandler{TKey, TValue}.HandleAsync"/>.</param>
    Task HandleAsync(ConsumedBatch<TKey, TValue> batch, CancellationToken cancellationToken);
}
