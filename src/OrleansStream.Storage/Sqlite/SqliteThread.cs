namespace OrleansStream.Storage.Sqlite;

/// <summary>
/// A connection on a thread of its own, because SQLite's calls block and neither a grain scheduler nor the thread pool may
/// be blocked. Work is queued from any thread; what gathered while the last round ran is one round. After a fatal error
/// (<see cref="Fail"/>) and after disposal everything is refused; nothing that was not answered is half done.
/// </summary>
internal sealed class SqliteThread : IAsyncDisposable
{
    /// <summary>The most pieces of work that may wait; more than that means that the disk cannot keep up.</summary>
    private const int MaxWaiting = 100_000;

    /// <summary>The most pieces of work in one round, which bounds the time that a round takes.</summary>
    private const int MaxRound = 512;

    private readonly Action<SqliteSession, IReadOnlyList<ISqliteWork>> _runRound;
    private readonly Lock _lock = new();
    private readonly Queue<ISqliteWork> _waiting = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private OrleansStreamException? _failure;
    private bool _closing;

    private SqliteThread(Action<SqliteSession, IReadOnlyList<ISqliteWork>> runRound) => _runRound = runRound;

    /// <summary>Starts the thread and opens its connection.</summary>
    /// <param name="name">The thread's name, for whoever looks at the process.</param>
    /// <param name="open">Opens the connection, on the new thread.</param>
    /// <param name="runRound">
    /// Runs a round of work and answers each piece. What it throws is fatal: the pieces not answered yet and all later ones fail with it.
    /// </param>
    public static async Task<SqliteThread> StartAsync(
        string name, Func<SqliteSession> open, Action<SqliteSession, IReadOnlyList<ISqliteWork>> runRound)
    {
        var thread = new SqliteThread(runRound);
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => thread.Run(open, opened)) { Name = name, IsBackground = true }.Start();
        await opened.Task.ConfigureAwait(false);
        return thread;
    }

    /// <summary>Queues a piece of work and waits for its result.</summary>
    /// <param name="work">Runs on the thread; it may be run a second time after a first run was rolled back.</param>
    /// <param name="cancellationToken">Honoured until a round has begun to run the work.</param>
    public async ValueTask<T> RunAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var queued = new SqliteWork<T>(work, cancellationToken);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            if (_failure is not null)
            {
                throw new OrleansStreamException(_failure.ErrorCode, _failure.Message, _failure.InnerException);
            }

            if (_waiting.Count >= MaxWaiting)
            {
                throw new OrleansStreamException(
                    ErrorCode.StorageError, $"The catalog has {MaxWaiting} requests waiting; its disk cannot keep up. Try again later.");
            }

            _waiting.Enqueue(queued);
        }

        _wake.Release();
        return await queued.Task.ConfigureAwait(false);
    }

    /// <summary>Finishes what was queued and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _closing = true;
        }

        _wake.Release();
        await _ended.Task.ConfigureAwait(false);
    }

    private void Run(Func<SqliteSession> open, TaskCompletionSource opened)
    {
        SqliteSession session;
        try
        {
            session = open();
            opened.SetResult();
        }
        catch (Exception e)
        {
            opened.SetException(e);
            return;
        }

        try
        {
            Loop(session);
        }
        finally
        {
            session.Dispose();
            _ended.SetResult();
        }
    }

    private void Loop(SqliteSession session)
    {
        var round = new List<ISqliteWork>(MaxRound);
        while (TryTakeRound(round))
        {
            try
            {
                _runRound(session, round);
            }
            catch (Exception e)
            {
                Fail(e, round);
                return;
            }
        }
    }

    /// <summary>Waits for work; false when closing and nothing is left.</summary>
    private bool TryTakeRound(List<ISqliteWork> round)
    {
        round.Clear();
        while (true)
        {
            lock (_lock)
            {
                while (round.Count < MaxRound && _waiting.TryDequeue(out var work))
                {
                    if (work.TryBegin())
                    {
                        round.Add(work);
                    }
                }

                if (round.Count > 0 || _closing)
                {
                    return round.Count > 0;
                }
            }

            _wake.Wait();
        }
    }

    /// <summary>The one door for fatal trouble: the state of the file is no longer known, so only opening it again may go on.</summary>
    private void Fail(Exception reason, List<ISqliteWork> round)
    {
        var failure = SqliteErrors.Offline(reason);
        lock (_lock)
        {
            _failure = failure;
            round.AddRange(_waiting);
            _waiting.Clear();
        }

        foreach (var work in round)
        {
            work.Fail(new OrleansStreamException(failure.ErrorCode, failure.Message, reason));
        }
    }
}
