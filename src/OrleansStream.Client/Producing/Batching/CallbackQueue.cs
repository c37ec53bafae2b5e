using System.Collections.Concurrent;

namespace OrleansStream.Client.Producing.Batching;

/// <summary>
/// Runs the callbacks of one partition's batches on the pool, one after the other in the order of the batches, so that a
/// slow callback delays neither the next request nor other partitions.
/// </summary>
internal sealed class CallbackQueue : IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<BatchCompletion> _completed = new();
    private readonly Action<Exception> _onThrown;
    private int _count;

    public CallbackQueue(Action<Exception> onThrown) => _onThrown = onThrown;

    public void Add(BatchCompletion completion)
    {
        _completed.Enqueue(completion);
        if (Interlocked.Increment(ref _count) == 1)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            _completed.TryDequeue(out var completion);
            completion!.RunCallbacks(_onThrown);
        }
        while (Interlocked.Decrement(ref _count) > 0);
    }
}
