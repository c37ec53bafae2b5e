namespace OrleansStream.Storage.Sqlite;

/// <summary>A piece of work on a connection. Its caller hears of it when the round says so, not when it has run.</summary>
internal interface ISqliteWork
{
    /// <summary>False when the caller gave up before; it is answered then.</summary>
    bool TryBegin();

    /// <summary>Runs the work and keeps its result.</summary>
    void Run(SqliteSession session);

    /// <summary>Gives the caller the result of the last <see cref="Run"/>.</summary>
    void Complete();

    /// <summary>Gives the caller an error, unless it was answered before.</summary>
    void Fail(Exception error);
}

/// <inheritdoc/>
internal sealed class SqliteWork<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken) : ISqliteWork
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _completion.Task;

    public bool TryBegin()
    {
        if (!cancellationToken.IsCancellationRequested)
        {
            return true;
        }

        _completion.TrySetCanceled(cancellationToken);
        return false;
    }

    public void Run(SqliteSession session) => _result = work(session);

    public void Complete() => _completion.TrySetResult(_result!);

    public void Fail(Exception error) => _completion.TrySetException(error);
}
