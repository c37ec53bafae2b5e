using System.Threading.Tasks.Sources;

namespace OrleansStream.Client.Producing.Batching;

/// <summary>
/// Tells everybody who waits for a record of a batch what became of it. It is the source of the value tasks that
/// <see cref="IProducer{TKey, TValue}.ProduceAsync(string, TKey, TValue, CancellationToken)"/> returns: a token is the number of an awaited record
/// of the batch, so an awaited record costs a slot in an array.
/// </summary>
/// <remarks>
/// Never pooled, so a value task that is awaited twice after it completed just gets its answer again; awaiting it twice before
/// that is refused. Continuations run on the pool or where they asked to, never on the thread that completes the batch, and
/// never under the lock.
/// </remarks>
internal sealed class BatchCompletion : IValueTaskSource<RecordMetadata>
{
    /// <summary>The most records that can be awaited: a token has 16 bits.</summary>
    public const int MaxAwaited = ushort.MaxValue + 1;

    private static readonly Action<object?> s_alreadyAwaited = static _ => { };

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Waiter[] _waiters = [];
    private Callback[] _callbacks = [];
    private int _waiterCount;
    private int _callbackCount;
    private volatile BatchOutcome? _outcome;

    /// <summary>Completes, always successfully, when the outcome is known and callbacks have run.</summary>
    public Task Done => _done.Task;

    public bool HasCallbacks => _callbackCount > 0;

    public bool CanAwaitMore => _waiterCount < MaxAwaited;

    /// <summary>Promises somebody an answer. Only while the batch gathers, under its accumulator's lock.</summary>
    public void Add(int recordIndex, in DeliveryRequest request, out ValueTask<RecordMetadata> delivery)
    {
        delivery = default;
        if (request.IsAwaited)
        {
            AddWaiter(recordIndex, out delivery);
        }
        else if (request.Callback is { } callback)
        {
            AddSlot(ref _callbacks, ref _callbackCount) = new Callback(callback, request.State, recordIndex);
        }
    }

    /// <summary>Answers everybody but the callbacks.</summary>
    public void Complete(BatchOutcome outcome)
    {
        Waiter[] waiters;
        int count;
        lock (_lock)
        {
            _outcome = outcome;
            (waiters, count) = (_waiters, _waiterCount);
        }

        // From here on nobody writes to a slot: a late waiter sees the outcome and does not wait.
        foreach (ref var waiter in waiters.AsSpan(0, count))
        {
            waiter.Continue();
        }

        if (!HasCallbacks)
        {
            _done.SetResult();
        }
    }

    /// <summary>Runs the callbacks, in the order of the records.</summary>
    /// <param name="onThrown">Told what a callback threw; the others run nevertheless.</param>
    public void RunCallbacks(Action<Exception> onThrown)
    {
        var outcome = _outcome!;
        foreach (ref readonly var callback in _callbacks.AsSpan(0, _callbackCount))
        {
            try
            {
                callback.Action(outcome.ResultOf(callback.RecordIndex, callback.State));
            }
            catch (Exception exception)
            {
                onThrown(exception);
            }
        }

        _done.SetResult();
    }

    /// <summary>How many records that failed have nobody who would hear of it.</summary>
    public int CountUnheardFailures(BatchOutcome outcome)
    {
        var unheard = outcome.Parts.Where(part => part.Error != ErrorCode.None).Sum(part => part.RecordCount);
        for (var i = 0; unheard > 0 && i < _waiterCount; i++)
        {
            unheard -= outcome.IsStored(_waiters[i].RecordIndex) ? 0 : 1;
        }

        for (var i = 0; unheard > 0 && i < _callbackCount; i++)
        {
            unheard -= outcome.IsStored(_callbacks[i].RecordIndex) ? 0 : 1;
        }

        return unheard;
    }

    ValueTaskSourceStatus IValueTaskSource<RecordMetadata>.GetStatus(short token) =>
        _outcome is not { } outcome ? ValueTaskSourceStatus.Pending
        : outcome.IsStored(RecordOf(token)) ? ValueTaskSourceStatus.Succeeded
        : ValueTaskSourceStatus.Faulted;

    RecordMetadata IValueTaskSource<RecordMetadata>.GetResult(short token) =>
        (_outcome ?? throw new InvalidOperationException("The record is not delivered yet. Await the ValueTask instead of asking for its result."))
        .MetadataOf(RecordOf(token));

    void IValueTaskSource<RecordMetadata>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        var waiter = new Waiter(RecordOf(token), continuation, state, flags);
        lock (_lock)
        {
            if (_outcome is null)
            {
                ref var slot = ref _waiters[unchecked((ushort)token)];
                if (slot.IsAwaited)
                {
                    throw new InvalidOperationException("A ValueTask may be awaited only once. Use AsTask() to await it from several places.");
                }

                slot = waiter;
                return;
            }
        }

        waiter.Continue();
    }

    private static ref T AddSlot<T>(ref T[] slots, ref int count)
    {
        if (count == slots.Length)
        {
            Array.Resize(ref slots, Math.Max(4, 2 * count));
        }

        return ref slots[count++];
    }

    private void AddWaiter(int recordIndex, out ValueTask<RecordMetadata> delivery)
    {
        // Others may be storing continuations in the slots while the array grows.
        lock (_lock)
        {
            var token = _waiterCount;
            AddSlot(ref _waiters, ref _waiterCount) = new Waiter(recordIndex);
            delivery = new ValueTask<RecordMetadata>(this, unchecked((short)token));
        }
    }

    // Without the lock: an array that was replaced meanwhile still has the index of every token that was given out before.
    private int RecordOf(short token) => _waiters[unchecked((ushort)token)].RecordIndex;

    private readonly record struct Callback(Action<DeliveryResult> Action, object? State, int RecordIndex);

    /// <summary>A record that is awaited, and what shall go on then.</summary>
    private struct Waiter
    {
        private readonly object? _state;
        private readonly ExecutionContext? _executionContext;
        private readonly object? _scheduler;
        private Action<object?>? _continuation;

        public Waiter(int recordIndex) => RecordIndex = recordIndex;

        public Waiter(int recordIndex, Action<object?> continuation, object? state, ValueTaskSourceOnCompletedFlags flags)
        {
            RecordIndex = recordIndex;
            _continuation = continuation;
            _state = state;
            if ((flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0)
            {
                _executionContext = ExecutionContext.Capture();
            }

            if ((flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0)
            {
                _scheduler = SynchronizationContext.Current is { } context && context.GetType() != typeof(SynchronizationContext)
                    ? context
                    : TaskScheduler.Current == TaskScheduler.Default ? null : TaskScheduler.Current;
            }
        }

        public int RecordIndex { get; }

        public readonly bool IsAwaited => _continuation is not null;

        /// <summary>Lets the continuation go on where it wants to, if there is one.</summary>
        public void Continue()
        {
            if (_continuation is not { } continuation || ReferenceEquals(continuation, s_alreadyAwaited))
            {
                return;
            }

            _continuation = s_alreadyAwaited;
            switch (_scheduler)
            {
                case SynchronizationContext context:
                    var posted = this with { _continuation = continuation };
#pragma warning disable VSTHRD001 // The caller awaited with this very context; nothing waits for what is posted.
                    context.Post(static waiter => ((Waiter)waiter!).Run(), posted);
#pragma warning restore VSTHRD001
                    break;

                case TaskScheduler scheduler:
                    var scheduled = this with { _continuation = continuation };
                    _ = Task.Factory.StartNew(
                        static waiter => ((Waiter)waiter!).Run(), scheduled, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
                    break;

                default:
                    if (_executionContext is null)
                    {
                        ThreadPool.UnsafeQueueUserWorkItem(continuation, _state, preferLocal: false);
                    }
                    else
                    {
                        var queued = this with { _continuation = continuation };
                        ThreadPool.UnsafeQueueUserWorkItem(static waiter => waiter.Run(), queued, preferLocal: false);
                    }

                    break;
            }
        }

        private readonly void Run()
        {
            if (_executionContext is null)
            {
                _continuation!(_state);
            }
            else
            {
                ExecutionContext.Run(_executionContext, static waiter => ((Waiter)waiter!)._continuation!(((Waiter)waiter)._state), this);
            }
        }
    }
}
