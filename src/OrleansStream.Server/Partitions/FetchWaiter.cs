namespace OrleansStream.Server.Partitions;

/// <summary>
/// The wait of one fetch on many partitions: any of them signals it when its high watermark moved or it closed, and so do
/// the end of the waiting time and the caller's cancellation. One reader waits at a time; anybody may signal.
/// </summary>
internal sealed class FetchWaiter : IDisposable
{
    private readonly ITimer _timer;
    private readonly CancellationTokenRegistration _cancellation;
    private TaskCompletionSource _signal = NewSignal();
    private volatile bool _isOver;

    public FetchWaiter(TimeSpan maxWait, TimeProvider time, CancellationToken cancellationToken)
    {
        _timer = time.CreateTimer(static waiter => ((FetchWaiter)waiter!).End(), this, maxWait, Timeout.InfiniteTimeSpan);
        _cancellation = cancellationToken.UnsafeRegister(static waiter => ((FetchWaiter)waiter!).End(), this);
    }

    /// <summary>True once the time has run out or the caller gave up.</summary>
    public bool IsOver => _isOver;

    /// <summary>Wakes the fetch; called on the log's own thread, so the fetch goes on elsewhere.</summary>
    public void Signal() => Volatile.Read(ref _signal).TrySetResult();

    /// <summary>Completes after the first signal since the previous wait.</summary>
    public async Task WaitAsync()
    {
        await _signal.Task;

        // Renewed before the caller looks at the partitions again, so that whatever happens after that look is signalled to the new one.
        // The end is looked at after it, because it may have been signalled to the old one meanwhile.
        Volatile.Write(ref _signal, NewSignal());
        Interlocked.MemoryBarrier();
        if (_isOver)
        {
            Signal();
        }
    }

    public void Dispose()
    {
        _cancellation.Dispose();
        _timer.Dispose();
    }

    private void End()
    {
        _isOver = true;
        Interlocked.MemoryBarrier();
        Signal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
