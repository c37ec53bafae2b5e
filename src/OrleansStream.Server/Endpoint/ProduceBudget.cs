using System.Collections.Concurrent;

namespace OrleansStream.Server.Endpoint;

/// <summary>
/// Bounds the bytes of batches in hand, over all partitions and by store: as soon as there are several, none may have more than half
/// of the whole. One that hangs holds on to what it was given, and shall not keep batches from the others. Lock-free.
/// </summary>
internal sealed class ProduceBudget(long capacity)
{
    private readonly ByteBudget _all = new(capacity);
    private readonly ConcurrentDictionary<string, ByteBudget> _shares = new(StringComparer.Ordinal);
    private int _stores;

    public long Used => _all.Used;

    /// <returns>False when there is no room; nothing was taken then.</returns>
    public bool TryTake(string store, long bytes)
    {
        var share = ShareOf(store);
        if (Volatile.Read(ref _stores) <= 1)
        {
            share.Take(bytes);
        }
        else if (!share.TryTake(bytes))
        {
            return false;
        }

        if (_all.TryTake(bytes))
        {
            return true;
        }

        share.Return(bytes);
        return false;
    }

    public void Return(string store, long bytes)
    {
        ShareOf(store).Return(bytes);
        _all.Return(bytes);
    }

    private ByteBudget ShareOf(string store)
    {
        if (_shares.TryGetValue(store, out var share))
        {
            return share;
        }

        share = _shares.GetOrAdd(store, static (_, half) => new ByteBudget(half), capacity / 2);
        Volatile.Write(ref _stores, _shares.Count);
        return share;
    }
}
