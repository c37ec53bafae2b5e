using OrleansStream.Storage.Scheduling;

namespace OrleansStream.Storage.Tests.Simulation;

/// <summary>
/// Runs turns at once on the caller's thread, or later while it is held. With it a log is deterministic: whatever is awaited
/// has ended when the call returns.
/// </summary>
internal sealed class InlineScheduler : ILogScheduler
{
    private readonly Queue<ILogWork> _queue = new();
    private bool _isRunning;

    /// <summary>Keeps turns back until <see cref="Release"/>, so that appends gather.</summary>
    public bool IsHeld { get; set; }

    public void Schedule(ILogWork work)
    {
        _queue.Enqueue(work);
        Run();
    }

    public void Release()
    {
        IsHeld = false;
        Run();
    }

    private void Run()
    {
        if (IsHeld || _isRunning)
        {
            return;
        }

        _isRunning = true;
        while (_queue.TryDequeue(out var work))
        {
            work.Run();
        }

        _isRunning = false;
    }
}
