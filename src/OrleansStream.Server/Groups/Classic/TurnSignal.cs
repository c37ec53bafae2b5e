namespace OrleansStream.Server.Groups.Classic;

/// <summary>Wakes the calls that wait for a classic group's next turn. They wait on the grain's scheduler; anybody may wake them.</summary>
internal sealed class TurnSignal(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly HashSet<TaskCompletionSource> _waiting = [];
    private long _turn;

    /// <summary>Lets everybody who waits look again if the turn is another one than before.</summary>
    public void Announce(long turn)
    {
        if (turn != _turn)
        {
            _turn = turn;
            Wake();
        }
    }

    /// <summary>Lets everybody who waits look again.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            foreach (var waiter in _waiting)
            {
                waiter.TrySetResult();
            }

            _waiting.Clear();
        }
    }

    /// <summary>Waits for the next turn, or until <paramref name="atMost"/> has passed.</summary>
    public async Task WaitAsync(TimeSpan atMost)
    {
        // Each waits for a source of its own, which turn and timer complete alike: what wakes it is always its own scheduler.
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Add(waiter);
        }

        using var timer = time.CreateTimer(static waiter => ((TaskCompletionSource)waiter!).TrySetResult(), waiter, atMost, Timeout.InfiniteTimeSpan);
        await waiter.Task;
        lock (_lock)
        {
            _waiting.Remove(waiter);
        }
    }
}
