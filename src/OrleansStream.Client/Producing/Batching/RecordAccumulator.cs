using OrleansStream.Client.Producing.Delivery;
using OrleansStream.Records;

namespace OrleansStream.Client.Producing.Batching;

/// <summary>
/// Gathers the records of one partition into batches and has them delivered one at a time, in order. A record that finds
/// nothing in flight starts the delivery as a work item of the pool, so that the calls right behind it share its batch; while
/// a batch is in flight the next one gathers. Append may be called from any thread and holds its lock for one copy.
/// </summary>
internal sealed class RecordAccumulator : IThreadPoolWorkItem
{
    private readonly Lock _lock = new();
    private readonly Queue<ProducerBatch> _closed = new();
    private readonly ProducerSession _session;
    private readonly TopicProducer _topic;
    private readonly BatchSender _sender;
    private readonly CallbackQueue _callbacks;
    private ProducerBatch? _open;
    private RecordBatchBuilder? _spareBuilder;
    private TaskCompletionSource? _lingering;
    private bool _isDelivering;

    public RecordAccumulator(ProducerSession session, TopicProducer topic, PartitionId partition)
    {
        _session = session;
        _topic = topic;
        TopicPartition = new TopicPartition(topic.Name, partition.Partition);
        _sender = new BatchSender(session, topic, partition, TopicPartition);
        _callbacks = new CallbackQueue(session.ReportCallbackFailure);
    }

    public TopicPartition TopicPartition { get; }

    /// <summary>Takes a record in, for which room was reserved.</summary>
    /// <param name="fields">The record.</param>
    /// <param name="reservedBytes">The room, which is released when the record's fate is known.</param>
    /// <param name="request">Who wants to hear of it.</param>
    /// <param name="delivery">The delivery, when it is awaited.</param>
    public void Append(in RecordFields fields, int reservedBytes, in DeliveryRequest request, out ValueTask<RecordMetadata> delivery)
    {
        var wasClosed = false;
        var begins = false;
        lock (_lock)
        {
            if (_open is null || !_open.TryAppend(fields, reservedBytes, request, out delivery))
            {
                wasClosed = _open is not null;
                AppendToNewBatch(fields, reservedBytes, request, out delivery);
            }

            if (!_isDelivering)
            {
                _isDelivering = begins = true;
            }
        }

        if (wasClosed)
        {
            _topic.BatchClosed(TopicPartition.Partition);
        }

        if (begins)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Takes over a batch, opened again, whose topic was replaced by the one this accumulator serves.</summary>
    public void Adopt(ProducerBatch batch)
    {
        bool begins;
        lock (_lock)
        {
            _closed.Enqueue(batch);
            begins = !_isDelivering;
            _isDelivering = true;
        }

        if (begins)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Sends at once what gathers for the sake of <see cref="ProducerOptions.Linger"/>.</summary>
    public void StopLingering()
    {
        lock (_lock)
        {
            _lingering?.TrySetResult();
        }
    }

    /// <summary>Keeps an empty builder for the next batch, if it was made for batches of the current size.</summary>
    public void Return(RecordBatchBuilder builder, int maxBytes) =>
        (maxBytes == _topic.MaxBatchBytes ? Interlocked.Exchange(ref _spareBuilder, builder) : builder)?.Dispose();

    void IThreadPoolWorkItem.Execute() => _ = DeliverAllAsync();

    private async Task DeliverAllAsync()
    {
        while (true)
        {
            if (_session.Options.Linger > TimeSpan.Zero)
            {
                await LingerAsync().ConfigureAwait(false);
            }

            if (TakeNext() is not { } batch)
            {
                return;
            }

            var movedTo = await _sender.DeliverAsync(batch, this).ConfigureAwait(false);
            if (movedTo is null)
            {
                _session.Finish(batch, TopicPartition, _callbacks);
            }
            else
            {
                movedTo.Adopt(batch);
            }
        }
    }

    private void AppendToNewBatch(in RecordFields fields, int reservedBytes, in DeliveryRequest request, out ValueTask<RecordMetadata> delivery)
    {
        if (_open is not null)
        {
            _closed.Enqueue(_open);
            _lingering?.TrySetResult();
        }

        var maxBytes = _topic.MaxBatchBytes;
        var builder = Interlocked.Exchange(ref _spareBuilder, null) ?? new RecordBatchBuilder(_session.Options.Compression, maxBytes);
        _open = _session.OpenBatch(builder, maxBytes, this);
        _open.TryAppend(fields, reservedBytes, request, out delivery);
    }

    private ProducerBatch? TakeNext()
    {
        ProducerBatch batch;
        lock (_lock)
        {
            if (_closed.TryDequeue(out var closed))
            {
                return closed;
            }

            if (_open is null)
            {
                _isDelivering = false;

                // An idle partition keeps no memory, of which topics may have thousands.
                Interlocked.Exchange(ref _spareBuilder, null)?.Dispose();
                return null;
            }

            batch = _open;
            _open = null;
        }

        _topic.BatchClosed(TopicPartition.Partition);
        return batch;
    }

    private async Task LingerAsync()
    {
        Task stop;
        TimeSpan rest;
        lock (_lock)
        {
            if (_open is null || _closed.Count > 0 || _session.IsFlushing)
            {
                return;
            }

            rest = _session.Options.Linger - _session.Time.GetElapsedTime(_open.CreatedAt);
            _lingering = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            stop = _lingering.Task;
        }

        if (rest > TimeSpan.Zero)
        {
            await stop.WaitAsync(rest, _session.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        lock (_lock)
        {
            _lingering = null;
        }
    }
}
