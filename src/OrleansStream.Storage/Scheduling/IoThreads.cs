using System.Collections.Concurrent;

namespace OrleansStream.Storage.Scheduling;

/// <summary>
/// A fixed set of threads that may block on the disk. Turns are taken in the order they were asked for, so one busy log cannot
/// starve the others. Disposing runs what is queued and ends the threads; work asked for later runs on the caller's thread.
/// </summary>
internal sealed class IoThreads : ILogScheduler, IDisposable
{
    private readonly BlockingCollection<ILogWork> _queue = [];
    private readonly Thread[] _threads;

    public IoThreads(string name, int count)
    {
        _threads = new Thread[count];
        for (var i = 0; i < count; i++)
        {
            _threads[i] = new Thread(RunTurns) { IsBackground = true, Name = $"{name} {i}" };
            _threads[i].Start();
        }
    }

    public void Schedule(ILogWork work)
    {
        try
        {
            _queue.Add(work);
        }
        catch (InvalidOperationException) when (_queue.IsAddingCompleted)
        {
            work.Run();
        }
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        foreach (var thread in _threads)
        {
            thread.Join();
        }
    }

    private void RunTurns()
    {
        foreach (var work in _queue.GetConsumingEnumerable())
        {
            work.Run();
        }
    }
}
