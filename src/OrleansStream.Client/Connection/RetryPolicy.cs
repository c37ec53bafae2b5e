namespace OrleansStream.Client.Connection;

/// <summary>
/// When and how often to repeat a call: pauses double from the first to the longest, each shortened by up to a half at random
/// so that clients which failed together do not come back together. Safe for concurrent use.
/// </summary>
internal sealed class RetryPolicy
{
    private const int MaxDoublings = 20;

    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly TimeSpan _firstPause;
    private readonly TimeSpan _longestPause;

    public RetryPolicy(TimeProvider time, Random random, TimeSpan firstPause, TimeSpan longestPause)
    {
        _time = time;
        _random = random;
        _firstPause = firstPause;
        _longestPause = longestPause > firstPause ? longestPause : firstPause;
    }

    /// <summary>The pause after that many failures in a row, counted from 1.</summary>
    public TimeSpan PauseAfter(int failures)
    {
        var doubled = _firstPause * Math.Pow(2, Math.Clamp(failures - 1, 0, MaxDoublings));
        var full = doubled < _longestPause ? doubled : _longestPause;
        lock (_random)
        {
            return full * (0.5 + (_random.NextDouble() / 2));
        }
    }

    /// <summary>Waits out <see cref="PauseAfter"/>.</summary>
    public Task PauseAsync(int failures, CancellationToken cancellationToken) =>
        Task.Delay(PauseAfter(failures), _time, cancellationToken);

    /// <summary>Repeats a call while it fails for a reason that may pass, until the time is up.</summary>
    /// <param name="call">The call; it has to be harmless to repeat.</param>
    /// <param name="timeout">How long to go on. The last attempt may end later.</param>
    /// <param name="storageTimeout">How long to go on while the answer is that the storage fails.</param>
    /// <param name="what">Completes "while …" in the message of the exception.</param>
    /// <param name="cancellationToken">Stops waiting at once.</param>
    /// <exception cref="OrleansStreamException">The last failure.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> call, TimeSpan timeout, TimeSpan storageTimeout, string what, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await call().WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                var failure = CallFailure.From(exception);
                if (!failure.IsRetriable)
                {
                    throw failure.ToException();
                }

                var elapsed = _time.GetElapsedTime(start);
                if (elapsed >= timeout || (failure.Error == ErrorCode.StorageError && elapsed >= storageTimeout))
                {
                    throw new OrleansStreamException(
                        failure.Error, $"Gave up after {elapsed.TotalSeconds:0.#} s while {what}: {failure.Message}", failure.Cause);
                }
            }

            await PauseAsync(failures, cancellationToken).ConfigureAwait(false);
        }
    }
}
