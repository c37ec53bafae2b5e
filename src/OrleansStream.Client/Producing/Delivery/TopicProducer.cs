using OrleansStream.Client.Connection;
using OrleansStream.Client.Producing.Batching;
using OrleansStream.Records;
using OrleansStream.Topics;

namespace OrleansStream.Client.Producing.Delivery;

/// <summary>
/// One topic of a producer: chooses partitions, and takes records in the order of the calls. While the topic is not known or
/// the buffer is full, records stand in a line of their own, which one loop lets in. Safe for concurrent use.
/// </summary>
internal sealed class TopicProducer
{
    private readonly Lock _lock = new();
    private readonly Queue<PendingRecord> _pending = new();
    private readonly ProducerSession _session;
    private volatile TopicState? _state;
    private volatile int _pendingCount;
    private bool _isAdmitting;
    private int _sticky;

    public TopicProducer(ProducerSession session, string name)
    {
        _session = session;
        Name = name;
        _sticky = session.Connection.Random.Next(ProtocolLimits.MaxPartitionsPerTopic);
    }

    public string Name { get; }

    /// <summary>True when the topic turned out not to exist; another instance serves those who ask again.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>The most bytes that a batch of several records may have.</summary>
    public int MaxBatchBytes => _state?.MaxBatchBytes ?? _session.Options.MaxBatchBytes;

    /// <summary>Takes a record at once, if nothing stands in its way.</summary>
    /// <returns>False when it has to wait in line.</returns>
    /// <exception cref="OrleansStreamException">The record is too large.</exception>
    public bool TryAppend(in RecordFields fields, int? partition, int sizeInBytes, in DeliveryRequest request, out ValueTask<RecordMetadata> delivery)
    {
        delivery = default;
        if (_pendingCount != 0 || _state is not { } state || partition >= state.PartitionCount)
        {
            return false;
        }

        CheckSize(state, sizeInBytes);
        if (!_session.Budget.TryTake(sizeInBytes))
        {
            return false;
        }

        Append(state, fields, partition, sizeInBytes, request, out delivery);
        return true;
    }

    /// <summary>Puts a record into the line.</summary>
    public void Add(PendingRecord record)
    {
        var begins = false;
        lock (_lock)
        {
            _pending.Enqueue(record);
            _pendingCount = _pending.Count;
            if (!_isAdmitting)
            {
                _isAdmitting = begins = true;
            }
        }

        if (begins)
        {
            // Whatever context the caller has is not that of the loop, which serves others too.
            ThreadPool.UnsafeQueueUserWorkItem(static self => _ = self.AdmitAllAsync(), this, preferLocal: false);
        }
    }

    /// <summary>Waits until every record that is in the line now was taken or refused.</summary>
    public async Task WhenPendingAdmittedAsync()
    {
        Task? last;
        lock (_lock)
        {
            last = _pending.LastOrDefault()?.Task;
        }

        if (last is not null)
        {
            await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>A partition's batch is closed: records without a key go to the next partition from now on.</summary>
    public void BatchClosed(int partition)
    {
        if (_state is not { } state)
        {
            return;
        }

        if (_session.Options.Partitioner is { } partitioner)
        {
            partitioner.BatchSent(Name, partition, state.PartitionCount);
        }
        else
        {
            var sticky = Volatile.Read(ref _sticky);
            if (sticky % state.PartitionCount == partition)
            {
                Interlocked.CompareExchange(ref _sticky, (sticky + 1) % state.PartitionCount, sticky);
            }
        }

        // Once per batch is often enough to notice that the topic was altered.
        if (_session.Connection.Topics.TryGet(Name, out var description) && !ReferenceEquals(description, state.Description))
        {
            Learn(description);
        }
    }

    /// <summary>Asks for the topic's present limit.</summary>
    /// <returns>The largest batch that the topic takes; no limit when it cannot be learned.</returns>
    public async Task<int> RefreshMaxBatchBytesAsync()
    {
        try
        {
            return Learn(await _session.Connection.Topics.RefreshAsync(Name).ConfigureAwait(false)).TopicMaxBatchBytes;
        }
        catch (OrleansStreamException)
        {
            return int.MaxValue;
        }
    }

    /// <summary>Finds out why a partition is not known to the cluster.</summary>
    /// <returns>
    /// The accumulator that takes its place when the topic was deleted and created again; or the problem; or neither, when the
    /// catalog still has the partition.
    /// </returns>
    public async Task<(RecordAccumulator? Successor, CallFailure? Problem)> FindSuccessorAsync(PartitionId partition)
    {
        try
        {
            var state = Learn(await _session.Connection.Topics.RefreshAsync(Name).ConfigureAwait(false));
            if (state.Description.TopicId == partition.TopicId)
            {
                return (null, null);
            }

            if (partition.Partition < state.PartitionCount)
            {
                return (Accumulator(state, partition.Partition), null);
            }

            throw NoSuchPartition(state, partition.Partition);
        }
        catch (OrleansStreamException exception)
        {
            if (exception.ErrorCode == ErrorCode.UnknownTopicOrPartition)
            {
                _session.Forget(this);
            }

            return (null, CallFailure.From(exception));
        }
    }

    private async Task AdmitAllAsync()
    {
        while (true)
        {
            PendingRecord? next;
            lock (_lock)
            {
                if (!_pending.TryPeek(out next))
                {
                    _isAdmitting = false;
                    return;
                }
            }

            await AdmitAsync(next).ConfigureAwait(false);
            lock (_lock)
            {
                // Only now may others take the direct way: this record is in its batch.
                _pending.Dequeue();
                _pendingCount = _pending.Count;
            }
        }
    }

    private async Task AdmitAsync(PendingRecord record)
    {
        if (record.IsCancelled)
        {
            return;
        }

        try
        {
            var state = await GetStateAsync(record.Partition).ConfigureAwait(false);
            CheckSize(state, record.SizeInBytes);
            await _session.Budget.TakeAsync(record.SizeInBytes).ConfigureAwait(false);
            if (record.TryTake())
            {
                Append(_state ?? state, record.Fields, record.Partition, record.SizeInBytes, record.Request, out var delivery);
                record.SetResult(delivery);
            }
            else
            {
                _session.Budget.Release(record.SizeInBytes);
            }
        }
        catch (Exception exception)
        {
            record.TrySetException(exception);
        }
    }

    private async ValueTask<TopicState> GetStateAsync(int? partition)
    {
        var topics = _session.Connection.Topics;
        try
        {
            var state = _state ?? Learn(await topics.GetAsync(Name).ConfigureAwait(false));
            if (partition >= state.PartitionCount)
            {
                state = Learn(await topics.RefreshAsync(Name).ConfigureAwait(false));
            }

            return partition >= state.PartitionCount ? throw NoSuchPartition(state, partition.Value) : state;
        }
        catch (OrleansStreamException) when (_state is null)
        {
            _session.Forget(this);
            throw;
        }
    }

    private void Append(
        TopicState state,
        in RecordFields fields,
        int? partition,
        int sizeInBytes,
        in DeliveryRequest request,
        out ValueTask<RecordMetadata> delivery)
    {
        try
        {
            var chosen = partition ?? ChoosePartition(state, fields);
            Accumulator(state, chosen).Append(fields, sizeInBytes, request, out delivery);
        }
        catch
        {
            _session.Budget.Release(sizeInBytes);
            throw;
        }
    }

    private int ChoosePartition(TopicState state, in RecordFields fields)
    {
        if (_session.Options.Partitioner is { } partitioner)
        {
            var chosen = partitioner.ChoosePartition(Name, fields.Key, fields.IsKeyNull, state.PartitionCount);
            return (uint)chosen < (uint)state.PartitionCount
                ? chosen
                : throw new OrleansStreamException(
                    ErrorCode.InvalidRequest, $"The partitioner chose partition {chosen} of '{Name}', which has {state.PartitionCount}, counted from 0.");
        }

        return fields.IsKeyNull ? Volatile.Read(ref _sticky) % state.PartitionCount : Murmur2.PartitionOf(fields.Key, state.PartitionCount);
    }

    private RecordAccumulator Accumulator(TopicState state, int partition)
    {
        ref var slot = ref state.Accumulators[partition];
        return slot ?? Create(ref slot);

        RecordAccumulator Create(ref RecordAccumulator? slot)
        {
            lock (_lock)
            {
                // The state may have been replaced by a larger one, which has the place of record.
                ref var current = ref (_state is { } now && now.Description.TopicId == state.Description.TopicId ? now : state).Accumulators[partition];
                current ??= new RecordAccumulator(_session, this, new PartitionId(state.Description.TopicId, partition));
                Volatile.Write(ref slot, current);
                return current;
            }
        }
    }

    private TopicState Learn(TopicDescription description)
    {
        lock (_lock)
        {
            if (_state is { } known && (ReferenceEquals(known.Description, description)
                || (known.Description.TopicId == description.TopicId && known.PartitionCount > description.PartitionCount)))
            {
                return known;
            }

            var accumulators = new RecordAccumulator?[description.PartitionCount];
            if (_state is { } old && old.Description.TopicId == description.TopicId)
            {
                old.Accumulators.CopyTo(accumulators, 0);
            }

            return _state = new TopicState(description, accumulators, _session.Options);
        }
    }

    private void CheckSize(TopicState state, int sizeInBytes)
    {
        if (sizeInBytes > state.MaxRecordBytes)
        {
            throw new OrleansStreamException(
                ErrorCode.MessageTooLarge,
                $"The record takes up to {sizeInBytes} bytes; {state.MaxRecordBytes} are left for it in a batch for '{Name}'. "
                + "Raise ProducerOptions.MaxBatchBytes and the topic's max.message.bytes, or produce smaller records.");
        }
    }

    private OrleansStreamException NoSuchPartition(TopicState state, int partition) => new(
        ErrorCode.UnknownTopicOrPartition,
        $"Topic '{Name}' has {state.PartitionCount} partitions, counted from 0; there is no partition {partition}.");

    private sealed class TopicState
    {
        public TopicState(TopicDescription description, RecordAccumulator?[] accumulators, ProducerOptions options)
        {
            Description = description;
            Accumulators = accumulators;
            TopicMaxBatchBytes = TopicConfiguration.Parse(description.Configuration).MaxBatchBytes;
            MaxBatchBytes = Math.Min(options.MaxBatchBytes, TopicMaxBatchBytes);

            // Compression may bring a record under the topic's limit; only the topic can tell.
            MaxRecordBytes = (options.Compression == CompressionType.None ? MaxBatchBytes : options.MaxBatchBytes) - RecordBatchFormat.HeaderBytes;
        }

        public TopicDescription Description { get; }

        public RecordAccumulator?[] Accumulators { get; }

        public int PartitionCount => Accumulators.Length;

        public int TopicMaxBatchBytes { get; }

        public int MaxBatchBytes { get; }

        public int MaxRecordBytes { get; }
    }
}
