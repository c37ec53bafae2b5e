namespace OrleansStream.Client.Connection;

/// <summary>Lets everybody who asks for the same key at the same time wait for one call.</summary>
internal sealed class SharedLookups<TKey, TValue>
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Task<TValue>> _running;
    private readonly Func<TKey, Task<TValue>> _lookup;

    /// <param name="lookup">The call. It serves many callers, so nobody's cancellation ends it: it has to end by itself.</param>
    /// <param name="comparer">Compares keys.</param>
    public SharedLookups(Func<TKey, Task<TValue>> lookup, IEqualityComparer<TKey>? comparer = null)
    {
        _lookup = lookup;
        _running = new(comparer);
    }

    /// <summary>Joins the running lookup of the key, or starts one.</summary>
    public Task<TValue> FindAsync(TKey key)
    {
        lock (_lock)
        {
            if (!_running.TryGetValue(key, out var task))
            {
                task = RunAsync(key);
                _running.Add(key, task);
            }

            return task;
        }
    }

    private async Task<TValue> RunAsync(TKey key)
    {
        // Leaves the lock first: the lookup may complete at once, but the entry has to be there before it is removed.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await _lookup(key).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _running.Remove(key);
            }
        }
    }
}
