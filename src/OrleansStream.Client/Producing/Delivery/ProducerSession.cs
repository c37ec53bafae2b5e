using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Diagnostics;
using OrleansStream.Client.Producing.Batching;
using OrleansStream.Records;

namespace OrleansStream.Client.Producing.Delivery;

/// <summary>
/// What all partitions of one producer share: options, memory, the producer id, and the count of what is under way. Safe for
/// concurrent use.
/// </summary>
internal sealed partial class ProducerSession
{
    private static readonly TimeSpan s_longestRetryPause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<ProducerBatch, RecordAccumulator> _underWay = new();
    private readonly ConcurrentDictionary<string, TopicProducer> _topics = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly ILogger _logger;
    private Task<long>? _producerId;
    private int _flushes;
    private long _unheardFailures;
    private PartOutcome? _firstUnheardFailure;

    public ProducerSession(ClusterConnection connection, ProducerOptions options)
    {
        Connection = connection;
        Options = options;
        Budget = new BufferBudget(options.MaxBufferedBytes);
        Retry = new RetryPolicy(connection.Time, connection.Random, options.RetryBackoff, s_longestRetryPause);
        _logger = connection.Loggers.CreateLogger<ProducerSession>();
    }

    public ClusterConnection Connection { get; }

    public ProducerOptions Options { get; }

    public BufferBudget Budget { get; }

    public RetryPolicy Retry { get; }

    public TimeProvider Time => Connection.Time;

    /// <summary>True while somebody waits for everything: then nothing lingers.</summary>
    public bool IsFlushing => Volatile.Read(ref _flushes) > 0;

    /// <summary>The topic's part of this producer.</summary>
    public TopicProducer Topic(string name) => _topics.GetOrAdd(name, static (name, session) => new TopicProducer(session, name), this);

    /// <summary>Drops a topic that turned out not to exist.</summary>
    public void Forget(TopicProducer topic)
    {
        topic.IsForgotten = true;
        _topics.TryRemove(new(topic.Name, topic));
    }

    public ProducerBatch OpenBatch(RecordBatchBuilder builder, int maxBytes, RecordAccumulator accumulator)
    {
        var batch = new ProducerBatch(builder, maxBytes, Time.GetTimestamp());
        _underWay.TryAdd(batch, accumulator);
        return batch;
    }

    /// <summary>A batch's fate is known: makes room, answers everybody.</summary>
    public void Finish(ProducerBatch batch, TopicPartition partition, CallbackQueue callbacks)
    {
        var outcome = batch.ToOutcome(partition);
        Measure(outcome);
        NoteUnheardFailures(batch, outcome);
        Budget.Release(batch.ReservedBytes);
        batch.Completion.Complete(outcome);
        if (batch.Completion.HasCallbacks)
        {
            callbacks.Add(batch.Completion);
        }

        _ = ForgetWhenDoneAsync(batch);
    }

    /// <summary>Waits for every record that was handed over until now.</summary>
    /// <returns>What happened since the last flush that nobody heard of; null when all is well.</returns>
    public async Task<OrleansStreamException?> FlushAsync()
    {
        Interlocked.Increment(ref _flushes);
        try
        {
            foreach (var topic in _topics.Values)
            {
                await topic.WhenPendingAdmittedAsync().ConfigureAwait(false);
            }

            var waits = new List<Task>();
            foreach (var (batch, accumulator) in _underWay)
            {
                waits.Add(batch.Completion.Done);
                accumulator.StopLingering();
            }

            await Task.WhenAll(waits).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _flushes);
        }

        lock (_lock)
        {
            if (_firstUnheardFailure is not { } first)
            {
                return null;
            }

            var count = _unheardFailures;
            (_unheardFailures, _firstUnheardFailure) = (0, null);
            return new OrleansStreamException(
                first.Error, $"{count} enqueued record{(count == 1 ? " was" : "s were")} not delivered; the first because: {first.Message}", first.Cause);
        }
    }

    /// <summary>
    /// A producer id: the one that all partitions of this producer begin with, or a new one for a partition that has used up
    /// or lost <paramref name="used"/>.
    /// </summary>
    public Task<long> GetProducerIdAsync(long used)
    {
        if (used >= 0)
        {
            return AllocateAsync();
        }

        lock (_lock)
        {
            return _producerId is null || _producerId.IsFaulted || _producerId.IsCanceled ? _producerId = AllocateAsync() : _producerId;
        }

        Task<long> AllocateAsync() => Connection.Grains.Cluster.AllocateProducerIdAsync();
    }

    public void ReportCallbackFailure(Exception exception) => LogCallbackThrew(_logger, exception);

    /// <summary>A batch counts as under way until its callbacks have run: a flush waits for them, whenever it comes.</summary>
    private async Task ForgetWhenDoneAsync(ProducerBatch batch)
    {
        await batch.Completion.Done.ConfigureAwait(false);
        _underWay.TryRemove(batch, out _);
    }

    private static void Measure(BatchOutcome outcome)
    {
        if (!ClientTelemetry.SentMessages.Enabled)
        {
            return;
        }

        foreach (var part in outcome.Parts)
        {
            ClientTelemetry.SentMessages.Add(
                part.RecordCount, ClientTelemetry.Tags(ClientTelemetry.SendOperation, outcome.Partition, part.Error));
        }
    }

    private void NoteUnheardFailures(ProducerBatch batch, BatchOutcome outcome)
    {
        var unheard = batch.Completion.CountUnheardFailures(outcome);
        if (unheard == 0)
        {
            return;
        }

        lock (_lock)
        {
            _unheardFailures += unheard;
            _firstUnheardFailure ??= outcome.Parts.First(part => part.Error != ErrorCode.None);
        }
    }

    [LoggerMessage(LogEvents.DeliveryCallbackThrew, LogLevel.Error, "A delivery callback threw; the callbacks after it run nevertheless.")]
    private static partial void LogCallbackThrew(ILogger logger, Exception exception);
}
