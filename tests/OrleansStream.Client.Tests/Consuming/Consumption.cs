using OrleansStream.Client.Consuming;

namespace OrleansStream.Client.Tests.Consuming;

/// <summary>What tests do with consumers. Everything gives up after a while instead of hanging.</summary>
internal static class Consumption
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Reads that many records and leaves the loop without asking for another one.</summary>
    public static async Task<List<ConsumedRecord<TKey, TValue>>> TakeAsync<TKey, TValue>(this IConsumer<TKey, TValue> consumer, int count)
    {
        var records = new List<ConsumedRecord<TKey, TValue>>();
        using var timeout = new CancellationTokenSource(Patience);
        try
        {
            await foreach (var record in consumer.WithCancellation(timeout.Token))
            {
                records.Add(record);
                if (records.Count == count)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"{records.Count} of {count} records came within {Patience}; assigned: {string.Join(", ", consumer.Assignment.Select(p => $"{p}@{consumer.Position(p)}"))}.");
        }

        return records;
    }

    /// <summary>Waits until something is so; for what nobody signals.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (var deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds; !condition();)
        {
            if (Environment.TickCount64 > deadline)
            {
                throw new TimeoutException($"Waited {Patience} until {what}.");
            }

            await Task.Delay(5);
        }
    }
}
