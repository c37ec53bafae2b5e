using System.Runtime.ExceptionServices;

namespace OrleansStream.Client.Consuming.Fetching;

/// <summary>
/// Where fetches leave batches and the loop takes them, first come first served. It knows which partition the loop is working
/// on, so that a revocation can wait for the end of that work. One loop at a time may take; everything else is safe from any
/// thread. Nothing here calls out while it holds the lock.
/// </summary>
internal sealed class ReadAhead
{
    private readonly Lock _lock = new();
    private readonly Queue<FetchedBatches> _ready = new();
    private readonly AutoResetSignal _news = new();
    private FetchedBatches? _givenBack;
    private ConsumedPartition? _held;
    private TaskCompletionSource? _letGo;
    private ExceptionDispatchInfo? _failure;
    private long _bufferedBytes;
    private bool _isSuspended;
    private bool _isClosed;

    /// <summary>Bytes that wait for the loop or are being read by it.</summary>
    public long BufferedBytes => Volatile.Read(ref _bufferedBytes);

    /// <summary>True while nothing is handed out.</summary>
    public bool IsSuspended => Volatile.Read(ref _isSuspended);

    /// <summary>True when there will be nothing more to take.</summary>
    public bool IsClosed => Volatile.Read(ref _isClosed);

    /// <summary>Leaves batches for the loop. Those of an abandoned run are dropped.</summary>
    public void Offer(FetchedBatches batches)
    {
        lock (_lock)
        {
            if (_isClosed || batches.Run.IsAbandoned)
            {
                batches.Dispose();
                return;
            }

            _ready.Enqueue(batches);
            batches.Run.QueuedBytes += batches.Length;
            _bufferedBytes += batches.Length;
        }

        _news.Set();
    }

    /// <summary>Takes the next batches; from now on the loop counts as working on their partition, and on no other.</summary>
    /// <returns>Null when there are none at the moment.</returns>
    public FetchedBatches? TryTake()
    {
        TaskCompletionSource? letGo = null;
        FetchedBatches? taken = null;
        lock (_lock)
        {
            if (_failure is null && !_isSuspended && !_isClosed)
            {
                taken = _givenBack ?? Dequeue();
                _givenBack = null;
            }

            Hold(taken?.Run.Partition, ref letGo);
        }

        letGo?.TrySetResult();
        _failure?.Throw();
        return taken;
    }

    /// <summary>The loop works on nothing any more.</summary>
    public void LetGo()
    {
        TaskCompletionSource? letGo = null;
        lock (_lock)
        {
            Hold(null, ref letGo);
        }

        letGo?.TrySetResult();
    }

    /// <summary>Takes batches back that the loop has not finished; they are the next to be taken.</summary>
    public void GiveBack(FetchedBatches batches)
    {
        lock (_lock)
        {
            if (!_isClosed && !batches.Run.IsAbandoned)
            {
                _givenBack = batches;
                return;
            }
        }

        Release(batches);
    }

    /// <summary>The loop is finished with batches that it took.</summary>
    public void Release(FetchedBatches batches)
    {
        batches.Dispose();
        Interlocked.Add(ref _bufferedBytes, -batches.Length);
    }

    /// <summary>Completes when something happened since it was last awaited; not necessarily new batches.</summary>
    public ValueTask WaitAsync() => _news.WaitAsync();

    /// <summary>Completes a wait without a reason of its own.</summary>
    public void Wake() => _news.Set();

    /// <summary>Completes when the loop is not working on the partition.</summary>
    public Task WhenLetGoAsync(ConsumedPartition partition)
    {
        lock (_lock)
        {
            return _held != partition
                ? Task.CompletedTask
                : (_letGo ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Completes when the loop is not working on anything.</summary>
    public Task WhenIdleAsync()
    {
        lock (_lock)
        {
            return _held is null ? Task.CompletedTask : WhenLetGoAsync(_held);
        }
    }

    /// <summary>Drops everything of a run, now and later. What the loop is reading of it goes when the loop asks for more.</summary>
    public void Abandon(FetchRun run)
    {
        lock (_lock)
        {
            run.Abandon();
            foreach (var batches in _ready)
            {
                if (batches.Run == run)
                {
                    Release(batches);
                }
            }

            if (_givenBack?.Run == run)
            {
                Release(_givenBack);
                _givenBack = null;
            }
        }
    }

    /// <summary>Stops handing out, or goes on with it; nothing is dropped.</summary>
    public void Suspend(bool isSuspended)
    {
        lock (_lock)
        {
            Volatile.Write(ref _isSuspended, isSuspended);
        }

        _news.Set();
    }

    /// <summary>Ends this and every later loop with an exception. The first reason wins.</summary>
    public void Fail(Exception reason)
    {
        lock (_lock)
        {
            _failure ??= ExceptionDispatchInfo.Capture(reason);
        }

        _news.Set();
    }

    /// <summary>Ends the loop and drops everything.</summary>
    public void Close()
    {
        lock (_lock)
        {
            Volatile.Write(ref _isClosed, true);
            while (Dequeue() is { } batches)
            {
                Release(batches);
            }

            if (_givenBack is not null)
            {
                Release(_givenBack);
                _givenBack = null;
            }
        }

        _news.Set();
    }

    private FetchedBatches? Dequeue()
    {
        while (_ready.TryDequeue(out var batches))
        {
            // Those of abandoned runs were released when the run was abandoned.
            if (!batches.Run.IsAbandoned)
            {
                batches.Run.QueuedBytes -= batches.Length;
                return batches;
            }
        }

        return null;
    }

    private void Hold(ConsumedPartition? partition, ref TaskCompletionSource? letGo)
    {
        if (_held != partition)
        {
            _held = partition;
            letGo = _letGo;
            _letGo = null;
        }
    }
}
