namespace OrleansStream.Kafka.Transport;

/// <summary>
/// Bounds bytes in memory. Who finds no room waits, and is let in in the order of arrival; as a connection waits with one request at a time,
/// that shares the room fairly between connections. A single claim larger than the whole room is let in alone. Safe for concurrent use.
/// </summary>
internal sealed class ByteGate(long capacity)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = [];
    private long _used;

    public long Capacity => capacity;

    public long Used => Interlocked.Read(ref _used);

    /// <summary>Takes room, as soon as there is some.</summary>
    public ValueTask TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_waiters.Count == 0 && Fits(bytes))
            {
                _used += bytes;
                return ValueTask.CompletedTask;
            }

            var waiter = new Waiter(bytes);
            return new(WaitAsync(_waiters.AddLast(waiter), cancellationToken));
        }
    }

    /// <summary>Takes room if there is some and nobody waits for it.</summary>
    public bool TryTake(long bytes)
    {
        lock (_lock)
        {
            if (_waiters.Count > 0 || !Fits(bytes))
            {
                return false;
            }

            _used += bytes;
            return true;
        }
    }

    public void Return(long bytes)
    {
        lock (_lock)
        {
            _used -= bytes;
            LetIn();
        }
    }

    private async Task WaitAsync(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(_ => GiveUp(node, cancellationToken), null).ConfigureAwait(false);
        await node.Value.Source.Task.ConfigureAwait(false);
    }

    private void GiveUp(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (node.List is not null)
            {
                _waiters.Remove(node);
                node.Value.Source.SetCanceled(cancellationToken);
                LetIn();
            }
        }
    }

    private void LetIn()
    {
        while (_waiters.First is { } first && Fits(first.Value.Bytes))
        {
            _used += first.Value.Bytes;
            _waiters.RemoveFirst();
            first.Value.Source.SetResult();
        }
    }

    private bool Fits(long bytes) => _used == 0 || _used + bytes <= capacity;

    private sealed class Waiter(long bytes)
    {
        public long Bytes => bytes;

        public TaskCompletionSource Source { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
