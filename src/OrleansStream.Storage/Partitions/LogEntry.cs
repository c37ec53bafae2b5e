using OrleansStream.Records;

namespace OrleansStream.Storage.Partitions;

/// <summary>Something that waits for a log's turn. It is taken by the turn or withdrawn by its caller, never both.</summary>
internal abstract class LogEntry
{
    private int _isClaimed;

    /// <summary>Claims the entry, for doing it or for withdrawing it.</summary>
    /// <returns>False when the other side was first.</returns>
    public bool TryClaim() => Interlocked.Exchange(ref _isClaimed, 1) == 0;

    /// <summary>The log ended before the entry's turn came.</summary>
    public abstract void Refuse(LogEnd end);
}

/// <summary>A batch that waits to be written. Its caller waits with it, and keeps the bytes unchanged meanwhile.</summary>
internal sealed class PendingAppend(ReadOnlyMemory<byte> batch) : LogEntry
{
    // Continuations must not run on the log's thread: the next group waits for it.
    private readonly TaskCompletionSource<AppendResult> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _registration;

    /// <summary>The bytes, exactly one checked batch.</summary>
    public ReadOnlyMemory<byte> Batch => batch;

    /// <summary>The batch's header.</summary>
    public RecordBatchHeader Header => new(batch.Span);

    /// <summary>The answer, decided when the batch gets its offset, given when it is durable.</summary>
    public AppendResult Result { get; set; }

    /// <summary>Ends with the append.</summary>
    public Task<AppendResult> Task => _source.Task;

    /// <summary>Withdraws the append when the token is cancelled before its turn comes.</summary>
    public void WithdrawOn(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _registration = cancellationToken.UnsafeRegister(
                static (state, token) =>
                {
                    var append = (PendingAppend)state!;
                    if (append.TryClaim())
                    {
                        append._source.TrySetCanceled(token);
                    }
                },
                this);
        }
    }

    /// <summary>Gives the answer.</summary>
    public void Complete()
    {
        _registration.Unregister();
        _source.SetResult(Result);
    }

    public override void Refuse(LogEnd end)
    {
        if (TryClaim())
        {
            Result = AppendResult.Failed(end.Error, end.Message);
            Complete();
        }
    }
}

/// <summary>Work other than an append that needs the log's turn.</summary>
internal sealed class LogCommand(Func<ValueTask> action) : LogEntry
{
    private readonly TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with the command.</summary>
    public Task Task => _source.Task;

    /// <summary>Runs the command. Its failure goes to its caller, and, unless it is expected trouble, to the log as well.</summary>
    public async ValueTask RunAsync()
    {
        try
        {
            await action().ConfigureAwait(false);
            _source.SetResult();
        }
        catch (Exception exception)
        {
            _source.SetException(exception);
            _ = _source.Task.Exception;
            if (exception is not OrleansStreamException { ErrorCode: ErrorCode.DiskFull or ErrorCode.OffsetOutOfRange })
            {
                throw;
            }
        }
    }

    public override void Refuse(LogEnd end)
    {
        if (TryClaim())
        {
            _source.SetException(end.ToException());
            _ = _source.Task.Exception;
        }
    }
}
