namespace OrleansStream.Storage.Postgres;

/// <summary>
/// The time that one statement may take. The driver's own timeouts, and its cancellations, ask the server over a second connection
/// to cancel, and block the thread that noticed until that has an answer. When a database hangs this is the pool's threads, all at
/// once, and nothing else in the process goes on for seconds. So our commands have no timeout of the driver, and what is
/// overdue is cancelled by a thread of its own.
/// </summary>
internal sealed class StatementLimit : IDisposable
{
    /// <summary>What the driver calls no timeout.</summary>
    public const int None = 0;

    // Without a timer of its own there is nothing in it to dispose, and a thread may still be in its cancellation.
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenRegistration _given;
    private readonly Timer _timer;
    private volatile bool _isLate;

    private StatementLimit(TimeSpan time, CancellationToken cancellationToken)
    {
        _timer = new Timer(static limit => ((StatementLimit)limit!).End(isLate: true), this, time, Timeout.InfiniteTimeSpan);
        _given = cancellationToken.UnsafeRegister(static limit => ((StatementLimit)limit!).End(isLate: false), this);
    }

    /// <summary>Executes something that takes a token, and that ends with the driver having given up its connection when it is overdue.</summary>
    /// <exception cref="TimeoutException">It took too long. What became of it is not known.</exception>
    public static async Task<T> RunAsync<T>(TimeSpan time, Func<CancellationToken, Task<T>> execute, CancellationToken cancellationToken)
    {
        using var limit = new StatementLimit(time, cancellationToken);
        try
        {
            return await execute(limit._over.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException late) when (limit._isLate)
        {
            throw new TimeoutException($"it did not answer within {time.TotalSeconds} s", late);
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _given.Dispose();
    }

    private void End(bool isLate)
    {
        _isLate = isLate;
        _ = Task.Factory.StartNew(_over.Cancel, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}
