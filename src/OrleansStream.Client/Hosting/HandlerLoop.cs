using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Consuming.Fetching;
using OrleansStream.Client.Diagnostics;

namespace OrleansStream.Client.Hosting;

/// <summary>Calls the application's handler, which it finds among the services of the scope.</summary>
internal delegate Task BatchHandling<TKey, TValue>(IServiceProvider scope, ConsumedBatch<TKey, TValue> batch, CancellationToken cancellationToken);

/// <summary>
/// One consumer of a hosted consumer, with the loop that hands its records to the application. What the loop has passed is
/// done, and the consumer commits it as it always does; so all that a failure takes is to put the records back before going on:
/// they are read again after a pause, in which only their partition waits.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Running it is what disposes its consumer.")]
internal sealed partial class HandlerLoop<TKey, TValue>
{
    private readonly RunningHandler _running = new();
    private readonly Dictionary<TopicPartition, Failures> _failures = [];
    private readonly ClusterConnection _connection;
    private readonly IServiceScopeFactory _scopes;
    private readonly HostedConsumerOptions<TKey, TValue> _options;
    private readonly BatchHandling<TKey, TValue> _handle;
    private readonly string _group;
    private readonly Consumer<TKey, TValue> _consumer;
    private readonly RetryPolicy _retry;
    private readonly ILogger _logger;

    public HandlerLoop(
        ClusterConnection connection, IServiceScopeFactory scopes, HostedConsumerOptions<TKey, TValue> options, BatchHandling<TKey, TValue> handle)
    {
        _connection = connection;
        _scopes = scopes;
        _options = options;
        _handle = handle;
        _group = options.GroupId!;
        _consumer = new Consumer<TKey, TValue>(connection, options with
        {
            OnPartitionsRevoked = (partitions, token) => GoneAsync(partitions, options.OnPartitionsRevoked, token),
            OnPartitionsLost = (partitions, token) => GoneAsync(partitions, options.OnPartitionsLost, token),
        });
        _retry = new RetryPolicy(connection.Time, connection.Random, options.RetryBackoff, options.MaxRetryBackoff);
        _logger = connection.Loggers.CreateLogger("OrleansStream.Client.Hosting.HostedConsumer");
    }

    /// <summary>Runs until it is told to stop, commits what was handled, and leaves the group.</summary>
    /// <param name="stopping">Take no more records.</param>
    /// <param name="drained">Cancel the handler that is still running.</param>
    /// <exception cref="Exception">Why the consumer cannot go on: what the last attempt of a handler threw, or the consumer itself.</exception>
    public async Task RunAsync(CancellationToken stopping, CancellationToken drained)
    {
        HandlerTelemetry.Started(_group);
        var loop = LoopAsync(stopping);
        try
        {
            await using var cancelling = drained.UnsafeRegister(static running => ((RunningHandler)running!).CancelForGood(), _running).ConfigureAwait(false);
            await loop.WaitAsync(drained).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // A cancelled handler has until the consumer's own patience is over to return.
            await _consumer.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            HandlerTelemetry.Stopped(_group);
        }

        if (loop.IsCompleted)
        {
            await loop.ConfigureAwait(false);
        }
        else
        {
            HandlerAbandoned(_group);
            _ = loop.ContinueWith(static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    private async Task LoopAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await foreach (var batch in _consumer.ConsumeBatchesAsync(_options.MaxBatchRecords, stopping).ConfigureAwait(false))
                {
                    await HandleAsync(batch, stopping).ConfigureAwait(false);
                }

                return;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (OrleansStreamException exception) when (_consumer.UnreadableRecord(exception) is { } record)
            {
                // Another attempt would read the same bytes.
                if (await TryPassOverAsync(new(record.Run.Partition.TopicPartition, record.Offset, [], Attempts: 1, exception)).ConfigureAwait(false))
                {
                    _consumer.Skip(record);
                }
            }
        }
    }

    private async Task HandleAsync(ConsumedBatch<TKey, TValue> batch, CancellationToken stopping)
    {
        var (partition, first) = (batch.TopicPartition, batch[0].Offset);
        var (failure, isCancelled) = await TryHandleAsync(batch).ConfigureAwait(false);
        if (failure is null)
        {
            _failures.Remove(partition);
            return;
        }

        if (isCancelled)
        {
            _consumer.PutBack(first);
            HandlerCancelled(_group, partition, first);
            return;
        }

        var attempts = Count(partition, first);
        if (attempts < _options.MaxAttempts)
        {
            var pause = _retry.PauseAfter(attempts);
            HandlerFailed(failure, _group, partition, first, attempts, _options.MaxAttempts, pause);
            _ = ResumeAsync(_consumer.PutBack(first), pause, stopping);
        }
        else if (await TryPassOverAsync(new(partition, first, batch, attempts, failure)).ConfigureAwait(false))
        {
            _failures.Remove(partition);
        }
        else
        {
            _consumer.PutBack(first);
        }
    }

    /// <returns>No failure when it succeeded; one that came after the cancellation says nothing about the records.</returns>
    private async Task<(Exception? Failure, bool IsCancelled)> TryHandleAsync(ConsumedBatch<TKey, TValue> batch)
    {
        using var activity = HandlerTelemetry.Start(batch, _group);
        var start = _connection.Time.GetTimestamp();
        var cancellation = _running.Begin(batch.TopicPartition);
        Exception? failure = null;
        try
        {
            var scope = _scopes.CreateAsyncScope();
            await using (scope.ConfigureAwait(false))
            {
                await _handle(scope.ServiceProvider, batch, cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        _running.End();
        HandlerTelemetry.End(activity, batch.TopicPartition, _group, _connection.Time.GetElapsedTime(start), failure);
        return (failure, cancellation.IsCancellationRequested);
    }

    /// <summary>The last attempt failed: asks what to do, and throws what the attempt threw when the consumer shall stop.</summary>
    /// <returns>True when the records count as done; false when it no longer matters, because they are another's to handle.</returns>
    private async Task<bool> TryPassOverAsync(HandlerFailure<TKey, TValue> failure)
    {
        var then = _options.AfterLastAttempt;
        if (_options.OnLastAttemptFailed is { } callback)
        {
            var cancellation = _running.Begin(failure.TopicPartition);
            try
            {
                then = await callback(failure, cancellation).ConfigureAwait(false);
            }
            catch (Exception) when (cancellation.IsCancellationRequested)
            {
                return false;
            }
            catch (Exception exception)
            {
                LastFailureCallbackThrew(exception, _group, failure.TopicPartition, failure.Offset);
                then = AfterLastAttempt.StopConsumer;
            }
            finally
            {
                _running.End();
            }
        }

        if (then == AfterLastAttempt.SkipRecords)
        {
            var count = Math.Max(1, failure.Records.Count);
            RecordsSkipped(failure.Exception, _group, count, failure.TopicPartition, failure.Offset, failure.Attempts);
            HandlerTelemetry.Skipped(failure.TopicPartition, _group, count);
            return true;
        }

        if (failure.Records.Count > 0)
        {
            _consumer.PutBack(failure.Offset);
        }

        GaveUp(_group, failure.TopicPartition, failure.Offset, failure.Attempts);
        ExceptionDispatchInfo.Throw(failure.Exception);
        return false;
    }

    private int Count(TopicPartition partition, Offset first)
    {
        // Failures of an earlier assignment are not this one's: the records may have been with somebody else in between.
        var assigned = _consumer.InHand;
        var attempts = _failures.TryGetValue(partition, out var known) && known.Partition == assigned && known.First == first ? known.Attempts + 1 : 1;
        _failures[partition] = new Failures(assigned, first, attempts);
        return attempts;
    }

    private async Task ResumeAsync(ConsumedPartition partition, TimeSpan pause, CancellationToken stopping)
    {
        await Task.Delay(pause, _connection.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stopping.IsCancellationRequested)
        {
            _consumer.Resume(partition);
        }
    }

    private async ValueTask GoneAsync(
        IReadOnlyCollection<TopicPartition> partitions, Func<IReadOnlyCollection<TopicPartition>, CancellationToken, ValueTask>? next, CancellationToken cancellationToken)
    {
        // Either nothing of them is in hand any more, or it has been waited for long enough.
        await _running.CancelAsync(partitions).ConfigureAwait(false);
        if (next is not null)
        {
            await next(partitions, cancellationToken).ConfigureAwait(false);
        }
    }

    [LoggerMessage(LogEvents.HandlerFailed, LogLevel.Warning, "Group '{Group}': handling {Partition} at offset {Offset} failed, attempt {Attempt} of {MaxAttempts}; the next one comes in {Pause}.")]
    private partial void HandlerFailed(Exception exception, string group, TopicPartition partition, Offset offset, int attempt, int maxAttempts, TimeSpan pause);

    [LoggerMessage(LogEvents.RecordsSkipped, LogLevel.Error, "Group '{Group}' passed over {Count} records of {Partition} from offset {Offset} on, because handling failed {Attempts} times.")]
    private partial void RecordsSkipped(Exception exception, string group, int count, TopicPartition partition, Offset offset, int attempts);

    [LoggerMessage(LogEvents.HandlerGaveUp, LogLevel.Error, "Group '{Group}': handling {Partition} at offset {Offset} failed {Attempts} times, and nothing says to pass over it.")]
    private partial void GaveUp(string group, TopicPartition partition, Offset offset, int attempts);

    [LoggerMessage(LogEvents.HandlerCancelled, LogLevel.Information, "Group '{Group}': the handler of {Partition} at offset {Offset} was cancelled; nothing from there on is committed.")]
    private partial void HandlerCancelled(string group, TopicPartition partition, Offset offset);

    [LoggerMessage(LogEvents.HandlerAbandoned, LogLevel.Warning, "Group '{Group}': a cancelled handler did not return in time and was left behind; its record is not committed.")]
    private partial void HandlerAbandoned(string group);

    [LoggerMessage(LogEvents.LastFailureCallbackThrew, LogLevel.Error, "Group '{Group}': the callback for the last failed attempt threw, for {Partition} at offset {Offset}; the consumer stops.")]
    private partial void LastFailureCallbackThrew(Exception exception, string group, TopicPartition partition, Offset offset);

    /// <summary>Failures in a row of the records that begin at an offset.</summary>
    private readonly record struct Failures(ConsumedPartition? Partition, Offset First, int Attempts);
}
