using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansStream.Storage.Postgres.Logs;

namespace OrleansStream.Storage.Postgres;

/// <summary>
/// Knows whether a database answers. When something was asked and nothing was answered for a while, it asks a question that
/// any database can answer; as long as that has no answer either, whoever wants something is refused at once instead of waiting for
/// the same silence. It goes on asking, so the first answer ends that. Safe for concurrent use.
/// </summary>
internal sealed partial class DatabaseWatch : IAsyncDisposable
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(250);

    /// <summary>A silence that makes it ask, and how long it waits for that answer. A database that only stalls for a moment is not refused.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly string _name;
    private readonly TimeSpan _limit;
    private readonly NpgsqlDataSource _database;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private volatile CancellationTokenSource _outage = new();
    private Task? _watching;
    private Task? _question;
    private long _questionAskedAt;
    private long _answeredAt = Stopwatch.GetTimestamp();
    private long _backAt;
    private int _inHand;

    /// <summary>Makes a watch, which begins with the first thing that is asked.</summary>
    /// <param name="name">What people call the database; begins a sentence.</param>
    /// <param name="limit">How long one statement may take.</param>
    /// <param name="database">The database.</param>
    /// <param name="logger">Is told of silences and their ends.</param>
    public DatabaseWatch(string name, TimeSpan limit, NpgsqlDataSource database, ILogger logger)
    {
        _name = name;
        _limit = limit;
        _database = database;
        _logger = logger;
    }

    /// <summary>True while the database does not answer.</summary>
    public bool IsDown => _outage.IsCancellationRequested;

    /// <summary>The time since it last began to answer again; null if it never was silent.</summary>
    public TimeSpan? SinceSilence => Volatile.Read(ref _backAt) is not 0 and var backAt ? Stopwatch.GetElapsedTime(backAt) : null;

    /// <summary>Asks for something, for as long as a statement may take or until it is clear that the database does not answer.</summary>
    /// <param name="ask">Gets a token that ends what is overdue.</param>
    /// <param name="drop">Takes an answer that came when nobody waited any more; null for one that holds nothing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.StorageError"/>: the database does not answer.</exception>
    public Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, Action<T>? drop, CancellationToken cancellationToken) =>
        AskAsync(_limit, ask, drop, cancellationToken);

    /// <inheritdoc cref="AskAsync{T}(Func{CancellationToken, Task{T}}, Action{T}?, CancellationToken)"/>
    public Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken) => AskAsync(ask, null, cancellationToken);

    /// <summary>Asks for something that consists of any number of statements.</summary>
    /// <inheritdoc cref="AskAsync{T}(Func{CancellationToken, Task{T}}, Action{T}?, CancellationToken)"/>
    public Task<T> AskAtLengthAsync<T>(Func<CancellationToken, Task<T>> ask, Action<T>? drop, CancellationToken cancellationToken) =>
        AskAsync(Timeout.InfiniteTimeSpan, ask, drop, cancellationToken);

    private async Task<T> AskAsync<T>(TimeSpan limit, Func<CancellationToken, Task<T>> ask, Action<T>? drop, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var outage = _outage;
        if (outage.IsCancellationRequested)
        {
            throw Down();
        }

        // It has to be disposed, or the token of the next outage, which may be years away, would hold on to it.
        var ending = CancellationTokenSource.CreateLinkedTokenSource(outage.Token, cancellationToken);
        var answer = RunAsync(token => StatementLimit.RunAsync(limit, ask, token), ending.Token);
        try
        {
            return await answer.WaitAsync(ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            Abandon(answer, drop, ending);
            cancellationToken.ThrowIfCancellationRequested();
            throw Down();
        }
        finally
        {
            if (answer.IsCompleted)
            {
                ending.Dispose();
            }
        }
    }

    /// <summary>Counts something as asked until it ends, however long that takes.</summary>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        Start();
        if (Interlocked.Increment(ref _inHand) == 1)
        {
            NoteAnswer();
        }

        try
        {
            var answer = await ask(cancellationToken).ConfigureAwait(false);
            NoteAnswer();
            return answer;
        }
        finally
        {
            Interlocked.Decrement(ref _inHand);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task watching;
        lock (_gate)
        {
            watching = _watching ??= Task.CompletedTask;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private void Start()
    {
        if (_watching is null)
        {
            lock (_gate)
            {
                _watching ??= Task.Run(WatchAsync);
            }
        }
    }

    private void NoteAnswer() => Volatile.Write(ref _answeredAt, Stopwatch.GetTimestamp());

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(s_pace);
        var silentSince = 0L;
        while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
        {
            var answeredAt = Volatile.Read(ref _answeredAt);
            var silence = Stopwatch.GetElapsedTime(answeredAt);
            if (!IsDown && (Volatile.Read(ref _inHand) == 0 || silence < s_patience))
            {
                continue;
            }

            if (await IsAnsweringAsync().ConfigureAwait(false))
            {
                NoteAnswer();
                if (IsDown)
                {
                    Volatile.Write(ref _backAt, Stopwatch.GetTimestamp());
                    _outage = new CancellationTokenSource();
                    DatabaseAnswers(_name, Stopwatch.GetElapsedTime(silentSince));
                }
            }
            else if (!IsDown)
            {
                silentSince = answeredAt;
                DatabaseSilent(_name, Stopwatch.GetElapsedTime(silentSince));
                await _outage.CancelAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits for the answer to one question at a time: one that is late is still waited for.</summary>
    private async Task<bool> IsAnsweringAsync()
    {
        if (_question is null)
        {
            _questionAskedAt = Stopwatch.GetTimestamp();
            _question = StatementLimit.RunAsync(_limit, AskAsync, _stopping.Token);
        }

        var question = _question;
        var left = s_patience - Stopwatch.GetElapsedTime(_questionAskedAt);
        try
        {
            await question.WaitAsync(left > s_pace ? left : s_pace, _stopping.Token).ConfigureAwait(false);
            _question = null;
            return true;
        }
        catch (TimeoutException) when (!question.IsCompleted)
        {
            return false;
        }
        catch (Exception exception) when (LogErrors.IsDatabaseTrouble(exception))
        {
            _question = null;
            return false;
        }
    }

    private async Task<bool> AskAsync(CancellationToken cancellationToken)
    {
        await using var command = _database.CreateCommand("SELECT true");
        command.CommandTimeout = StatementLimit.None;
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true;
    }

    /// <summary>It is being cancelled, and ends when the driver has given up its connection.</summary>
    private static void Abandon<T>(Task<T> answer, Action<T>? drop, CancellationTokenSource ending) => _ = answer.ContinueWith(
        ended =>
        {
            ending.Dispose();
            if (ended.IsCompletedSuccessfully)
            {
                drop?.Invoke(ended.Result);
            }
            else
            {
                _ = ended.Exception;
            }
        },
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    private OrleansStreamException Down() => new(
        ErrorCode.StorageError, $"{_name} does not answer; it is asked again all the time. Look at it if this goes on.");

    [LoggerMessage(LogEvents.DatabaseSilent, LogLevel.Error, "{Database} has not answered for {Silence}; until it does, whoever wants something of it is refused at once.")]
    private partial void DatabaseSilent(string database, TimeSpan silence);

    [LoggerMessage(LogEvents.DatabaseAnswers, LogLevel.Warning, "{Database} answers again, after {Silence}.")]
    private partial void DatabaseAnswers(string database, TimeSpan silence);
}
