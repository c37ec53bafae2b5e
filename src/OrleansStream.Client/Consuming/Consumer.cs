using OrleansStream.Client.Connection;
using OrleansStream.Client.Consuming.Fetching;
using OrleansStream.Client.Consuming.Groups;
using OrleansStream.Endpoint;
using OrleansStream.Groups;

namespace OrleansStream.Client.Consuming;

/// <summary>
/// The consumer: puts its rooms together, and starts and ends them. Fetching, membership and automatic commits run in the
/// background from the first loop, or the first assignment by hand, until disposal.
/// </summary>
internal sealed class Consumer<TKey, TValue> : IConsumer<TKey, TValue>
{
    // For the record in hand, and then for the last callback, commit and farewell.
    private static readonly TimeSpan s_disposeTimeout = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ClusterConnection _connection;
    private readonly ConsumerOptions<TKey, TValue> _options;
    private readonly ConsumerMetrics _metrics;
    private readonly ReadAhead _readAhead = new();
    private readonly Fetcher _fetcher;
    private readonly ConsumedPartitions _partitions;
    private readonly RecordReader<TKey, TValue> _reader;
    private readonly PositionFinder _positions;
    private readonly OffsetCommitter? _committer;
    private readonly GroupMembership? _membership;
    private readonly List<Task> _background = [];
    private bool _isStarted;
    private int _loops;
    private int _isDisposed;

    public Consumer(ClusterConnection connection, ConsumerOptions<TKey, TValue> options)
    {
        options.Validate();
        _connection = connection;
        _options = options;
        _metrics = new ConsumerMetrics(options.GroupId);
        _fetcher = new Fetcher(connection, options, _readAhead);
        _partitions = new ConsumedPartitions(_readAhead, _fetcher);
        _reader = new RecordReader<TKey, TValue>(_readAhead, _fetcher, _partitions, _metrics, options);
        if (options.GroupId is not null)
        {
            var identity = IsSubscribed ? new MemberIdentity() : null;
            _committer = new OffsetCommitter(connection, options, _partitions, identity);
            if (identity is not null)
            {
                var reconciler = new Reconciler(connection, options, _readAhead, _partitions, _committer, identity);
                _membership = new GroupMembership(connection, options, _readAhead, _partitions, identity, reconciler);
            }
        }

        _positions = new PositionFinder(connection, options, _partitions, _committer);
    }

    public IReadOnlyCollection<TopicPartition> Assignment => Array.ConvertAll(_partitions.All, static partition => partition.TopicPartition);

    internal long BufferedBytes => _readAhead.BufferedBytes;

    internal bool IsSuspended => _readAhead.IsSuspended;

    private bool IsSubscribed => _options.Topics.Count > 0;

    public IAsyncEnumerator<ConsumedRecord<TKey, TValue>> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new RecordLoop<TKey, TValue>(this, cancellationToken);

    public IAsyncEnumerable<ConsumedBatch<TKey, TValue>> ConsumeBatchesAsync(int maxRecords = 1000, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxRecords);
        return new BatchSequence<TKey, TValue>(this, maxRecords, cancellationToken);
    }

    public async Task AssignAsync(IEnumerable<TopicPartitionOffset> partitions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        ThrowIfDisposed();
        if (IsSubscribed)
        {
            throw new InvalidOperationException(
                $"The consumer subscribes to topics; leave {nameof(ConsumerOptions)}.{nameof(ConsumerOptions.Topics)} empty to assign partitions by hand.");
        }

        var wanted = new List<(ConsumedPartition Partition, Offset? Offset)>();
        foreach (var (name, offset) in partitions)
        {
            wanted.Add((await ResolveAsync(name, offset, cancellationToken).ConfigureAwait(false), offset));
        }

        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            StartCommitting();
            await ReplaceAsync(wanted, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    public Offset? Position(TopicPartition partition) =>
        _partitions.Find(partition).Progress.Position is { HasValue: true } position ? position : null;

    public Task SeekAsync(TopicPartition partition, Offset offset, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset.Value, nameof(offset));
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfDisposed();
        _partitions.Seek(_partitions.Find(partition), offset);
        return Task.CompletedTask;
    }

    public async Task SeekAsync(TopicPartition partition, DateTimeOffset time, CancellationToken cancellationToken = default)
    {
        var timestamp = time.ToUnixTimeMilliseconds();
        if (!await TrySeekAsync(partition, OffsetPosition.Timestamp, timestamp, cancellationToken).ConfigureAwait(false))
        {
            await TrySeekAsync(partition, OffsetPosition.End, 0, cancellationToken).ConfigureAwait(false);
        }
    }

    public Task SeekToBeginningAsync(TopicPartition partition, CancellationToken cancellationToken = default) =>
        TrySeekAsync(partition, OffsetPosition.Beginning, 0, cancellationToken);

    public Task SeekToEndAsync(TopicPartition partition, CancellationToken cancellationToken = default) =>
        TrySeekAsync(partition, OffsetPosition.End, 0, cancellationToken);

    public void Pause(IEnumerable<TopicPartition> partitions) => _partitions.Pause([.. partitions.Select(_partitions.Find)]);

    public void Resume(IEnumerable<TopicPartition> partitions) => _partitions.Resume([.. partitions.Select(_partitions.Find)]);

    public Task CommitAsync(CancellationToken cancellationToken = default) => Committer.CommitDoneAsync(_partitions.All, cancellationToken);

    public Task CommitAsync(ConsumedRecord<TKey, TValue> record, CancellationToken cancellationToken = default) =>
        Committer.CommitAsync([new CommittedOffset(record.TopicPartition, record.Offset + 1, "", record.LeaderEpoch)], cancellationToken);

    public Task CommitAsync(IEnumerable<CommittedOffset> offsets, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        return Committer.CommitAsync([.. offsets], cancellationToken);
    }

    public async Task<IReadOnlyList<CommittedOffset>> CommittedAsync(IEnumerable<TopicPartition> partitions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        return await Committer.ReadAsync([.. partitions], cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => EndAsync(isCrash: false);

    /// <summary>Ends as a process does that dies: nothing is committed, and the group is not told.</summary>
    internal ValueTask CrashAsync() => EndAsync(isCrash: true);

    /// <summary>The partition of what the loop was given last; for the loop's thread.</summary>
    internal ConsumedPartition? InHand => _reader.InHand?.Partition;

    /// <summary>Where the loop that ended with this exception met a record whose key or value cannot be read; null when that is not why.</summary>
    internal UnreadableRecord? UnreadableRecord(Exception reason) => _reader.Unreadable is { } record && record.Reason == reason ? record : null;

    /// <summary>Goes on behind a record that cannot be read, if reading still stands there. For the loop's thread, between two loops.</summary>
    internal void Skip(UnreadableRecord record) => _partitions.Seek(record.Run.Partition, record.Offset + 1, insteadOf: record.Run.Progress);

    /// <summary>
    /// Puts back what the loop was given last: from <paramref name="first"/> on it is not done, and nothing more of its partition is
    /// read before <see cref="Resume(ConsumedPartition)"/>. Harmless when the partition was taken away. For the loop's thread.
    /// </summary>
    internal ConsumedPartition PutBack(Offset first)
    {
        var run = _reader.InHand ?? throw new InvalidOperationException("The loop was given nothing yet.");
        _partitions.Pause([run.Partition]);
        _partitions.Seek(run.Partition, first, insteadOf: run.Progress);
        return run.Partition;
    }

    /// <summary>Reads on where <see cref="PutBack"/> stopped. Harmless when the partition was taken away.</summary>
    internal void Resume(ConsumedPartition partition) => _partitions.Resume([partition]);

    /// <summary>Lets a loop in, if there is no other one.</summary>
    internal RecordReader<TKey, TValue> EnterLoop()
    {
        ThrowIfDisposed();
        return Interlocked.CompareExchange(ref _loops, 1, 0) == 0
            ? _reader
            : throw new InvalidOperationException("Another loop reads from this consumer already; records go to one loop at a time. Make one consumer per loop.");
    }

    internal void LeaveLoop() => Volatile.Write(ref _loops, 0);

    /// <summary>Starts what runs in the background, with the first loop.</summary>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ThrowIfDisposed();
            if (_isStarted)
            {
                return;
            }

            if (_membership is not null)
            {
                _membership.Start();
            }
            else if (IsSubscribed)
            {
                var subscription = new TopicSubscription(_connection, _options, _readAhead, _partitions, _positions);
                await subscription.BeginAsync(_stopping.Token).WaitAsync(cancellationToken).ConfigureAwait(false);
                _background.Add(subscription.FollowAsync(_stopping.Token));
            }

            StartCommitting();
        }
        finally
        {
            _turn.Release();
        }
    }

    // Disposal gives partitions up first, and the callback that tells of it may still commit; afterwards the committer itself refuses.
    private OffsetCommitter Committer => _committer
        ?? throw new InvalidOperationException($"Offsets are committed to a group; set {nameof(ConsumerOptions)}.{nameof(ConsumerOptions.GroupId)}.");

    private void StartCommitting()
    {
        if (!_isStarted)
        {
            _isStarted = true;
            _metrics.Begin(_partitions);
            if (_committer is not null && _options.EnableAutoCommit)
            {
                _background.Add(_committer.CommitRegularlyAsync(_stopping.Token));
            }
        }
    }

    private async Task<ConsumedPartition> ResolveAsync(TopicPartition name, Offset? offset, CancellationToken cancellationToken)
    {
        var topic = await _connection.Topics.GetAsync(name.Topic, cancellationToken).ConfigureAwait(false);
        if (name.Partition >= topic.PartitionCount)
        {
            topic = await _connection.Topics.RefreshAsync(name.Topic, topic, cancellationToken).ConfigureAwait(false);
        }

        return name.Partition >= 0 && name.Partition < topic.PartitionCount
            ? new ConsumedPartition(name, new PartitionId(topic.TopicId, name.Partition), offset)
            : throw new OrleansStreamException(
                ErrorCode.UnknownTopicOrPartition, $"There is no partition {name}: topic '{name.Topic}' has {topic.PartitionCount}, counted from 0.");
    }

    private async Task ReplaceAsync(List<(ConsumedPartition Partition, Offset? Offset)> wanted, CancellationToken cancellationToken)
    {
        var current = _partitions.All.ToDictionary(partition => partition.Id);
        var wantedIds = wanted.Select(x => x.Partition.Id).ToHashSet();
        ConsumedPartition[] removed = [.. current.Values.Where(partition => !wantedIds.Contains(partition.Id))];
        _partitions.Shut(removed);
        if (_committer is not null && _options.EnableAutoCommit)
        {
            await _committer.TryCommitDoneAsync(removed, cancellationToken).ConfigureAwait(false);
        }

        _partitions.Remove(removed);
        ConsumedPartition[] added = [.. wanted.Where(x => !current.ContainsKey(x.Partition.Id)).Select(x => x.Partition)];
        _partitions.Add(added);
        _partitions.Open(added);
        foreach (var (partition, offset) in wanted)
        {
            if (offset is { } chosen && current.TryGetValue(partition.Id, out var kept))
            {
                _partitions.Seek(kept, chosen);
            }
        }

        _ = _positions.BeginAsync(added, _stopping.Token);
    }

    private async Task<bool> TrySeekAsync(TopicPartition name, OffsetPosition position, long timestampMs, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        var partition = _partitions.Find(name);
        var offset = await _positions.FindAsync(partition, position, timestampMs, cancellationToken).ConfigureAwait(false);
        if (offset.HasValue)
        {
            _partitions.Seek(partition, offset);
        }

        return offset.HasValue;
    }

    /// <remarks>
    /// 1. The loop ends when it asks for the next record, and no fetch brings more.
    /// 2. The record in hand is waited for, a while, so that it counts as done.
    /// 3. What is done is committed, and the group learns that its partitions are free.
    /// </remarks>
    private async ValueTask EndAsync(bool isCrash)
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        using var timeout = new CancellationTokenSource();
        _readAhead.Close();
        _partitions.Interrupt();
        if (isCrash)
        {
            await timeout.CancelAsync().ConfigureAwait(false);
        }
        else
        {
            await WaitForLoopAsync().ConfigureAwait(false);
            timeout.CancelAfter(s_disposeTimeout);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_background).ConfigureAwait(false);
        if (_membership is not null)
        {
            await (isCrash ? _membership.StopAsync() : _membership.LeaveAsync(timeout.Token)).ConfigureAwait(false);
        }
        else if (_committer is not null && _options.EnableAutoCommit && !isCrash)
        {
            await _committer.TryCommitDoneAsync(_partitions.All, timeout.Token).ConfigureAwait(false);
        }

        _partitions.Shut(_partitions.All);
        _metrics.End();
        _committer?.Dispose();
        await _fetcher.DisposeAsync().ConfigureAwait(false);
    }

    private async Task WaitForLoopAsync()
    {
        try
        {
            await _readAhead.WhenIdleAsync().WaitAsync(s_disposeTimeout, _connection.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The record in hand is not done, so it is not committed, and somebody will see it again.
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
}
