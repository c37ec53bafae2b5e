using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace OrleansStream.Dashboard.Watching;

/// <summary>
/// Something that is read again and again for everybody who looks at it: one reader, whatever the number of pages, and none
/// while nobody looks. A reading that fails leaves the last value in place and says what is wrong. Safe for concurrent use.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer and no wait handle, and ends with the last subscription.")]
internal sealed partial class SharedPoll<T>
    where T : class
{
    private readonly Func<T?, CancellationToken, Task<T>> _read;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly List<Subscription> _subscriptions = [];
    private TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource? _running;
    private volatile Reading _last = new(null, null);

    /// <param name="read">Reads once; it is given the previous value, or null when that is from before a pause.</param>
    /// <param name="interval">From one reading to the next.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of failures.</param>
    public SharedPoll(Func<T?, CancellationToken, Task<T>> read, TimeSpan interval, TimeProvider time, ILogger logger)
    {
        _read = read;
        _interval = interval;
        _time = time;
        _logger = logger;
    }

    /// <summary>The last value; null before the first one.</summary>
    public T? Value => _last.Value;

    /// <summary>Why the last reading failed; null when it did not.</summary>
    public string? Trouble => _last.Trouble;

    /// <summary>Whether anybody looks.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _running is not null;
            }
        }
    }

    /// <summary>Looks, until the result is disposed.</summary>
    /// <param name="changed">Called after every reading, on a thread of the pool.</param>
    public IDisposable Subscribe(Action changed)
    {
        var subscription = new Subscription(this, changed);
        lock (_lock)
        {
            _subscriptions.Add(subscription);
            if (_running is null)
            {
                _running = new CancellationTokenSource();
                _ = RunAsync(_running.Token);
            }
        }

        return subscription;
    }

    /// <summary>Reads again at once, because something was done that shows.</summary>
    public void Hurry() => Volatile.Read(ref _hurry).TrySetResult();

    private async Task RunAsync(CancellationToken stop)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        T? previous = null;
        while (!stop.IsCancellationRequested)
        {
            var start = _time.GetTimestamp();
            try
            {
                previous = await _read(previous, stop).ConfigureAwait(false);
                _last = new Reading(previous, null);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                if (_last.Trouble is null)
                {
                    PollFailed(typeof(T).Name, failure);
                }

                _last = new Reading(_last.Value, failure is OrleansStreamException known ? known.Message : $"Reading failed: {failure.Message}");
            }

            Notify();
            await PauseAsync(_interval - _time.GetElapsedTime(start), stop).ConfigureAwait(false);
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stop)
    {
        var hurry = Volatile.Read(ref _hurry);
        try
        {
            await hurry.Task.WaitAsync(pause > TimeSpan.Zero ? pause : TimeSpan.Zero, _time, stop).ConfigureAwait(false);
            Volatile.Write(ref _hurry, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        catch (Exception over) when (over is TimeoutException or OperationCanceledException)
        {
            // The ordinary way: the time is over, or nobody looks any more.
        }
    }

    private void Notify()
    {
        Subscription[] subscriptions;
        lock (_lock)
        {
            subscriptions = [.. _subscriptions];
        }

        foreach (var subscription in subscriptions)
        {
            subscription.Changed();
        }
    }

    private void Remove(Subscription subscription)
    {
        lock (_lock)
        {
            if (_subscriptions.Remove(subscription) && _subscriptions.Count == 0)
            {
                _running!.Cancel();
                _running = null;
            }
        }
    }

    [LoggerMessage(LogEvents.PollFailed, LogLevel.Warning, "The dashboard could not read {What}; it shows what it read before and goes on trying.")]
    private partial void PollFailed(string what, Exception exception);

    private sealed record Reading(T? Value, string? Trouble);

    private sealed class Subscription(SharedPoll<T> poll, Action changed) : IDisposable
    {
        public Action Changed { get; } = changed;

        public void Dispose() => poll.Remove(this);
    }
}
