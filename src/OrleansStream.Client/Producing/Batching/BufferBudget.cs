namespace OrleansStream.Client.Producing.Batching;

/// <summary>
/// Bounds the bytes of records that wait or are in flight. Who finds no room waits in line; nobody overtakes the line. Safe
/// for concurrent use.
/// </summary>
internal sealed class BufferBudget
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiter> _line = new();
    private readonly long _limit;
    private long _used;
    private int _waiting;

    public BufferBudget(long limit) => _limit = limit;

    public long Used => Interlocked.Read(ref _used);

    /// <summary>Takes room if there is some and nobody waits for it.</summary>
    public bool TryTake(int bytes)
    {
        if (Volatile.Read(ref _waiting) != 0)
        {
            return false;
        }

        if (Interlocked.Add(ref _used, bytes) <= _limit)
        {
            return true;
        }

        Release(bytes);
        return false;
    }

    /// <summary>Waits in line for room. A request beyond the whole limit is granted once everything else is released.</summary>
    public Task TakeAsync(int bytes)
    {
        lock (_lock)
        {
            var waiter = new Waiter(bytes);
            _line.Enqueue(waiter);
            Interlocked.Increment(ref _waiting);
            Grant();
            return waiter.Task;
        }
    }

    /// <summary>Gives room back.</summary>
    public void Release(long bytes)
    {
        // The order matters: whoever starts to wait after this sees the room, whoever started before is seen here.
        Interlocked.Add(ref _used, -bytes);
        if (Volatile.Read(ref _waiting) != 0)
        {
            lock (_lock)
            {
                Grant();
            }
        }
    }

    private void Grant()
    {
        while (_line.TryPeek(out var next))
        {
            var used = Interlocked.Read(ref _used);
            if (used > 0 && used + next.Bytes > _limit)
            {
                return;
            }

            Interlocked.Add(ref _used, next.Bytes);
            _line.Dequeue();
            Interlocked.Decrement(ref _waiting);
            next.SetResult();
        }
    }

    private sealed class Waiter(int bytes) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public int Bytes => bytes;
    }
}
