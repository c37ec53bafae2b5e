using OrleansStream.Records;
using OrleansStream.Storage;

namespace OrleansStream.Server.Partitions;

/// <summary>
/// A partition that this silo has open: the plain object that everything hot runs on, called directly inside the silo. Its
/// grain opens and closes it. All members may be called from any thread at the same time.
/// </summary>
public sealed class Partition
{
    private const string ClosedMessage = "The partition is closing here; ask its grain where it lives.";

    private readonly IPartitionLog _log;
    private readonly TimeProvider _time;
    private readonly IPartitionOwner _owner;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _waitersLock = new();
    private readonly HashSet<FetchWaiter> _waiters = [];
    private int _waiterCount;
    private long _lastUse;
    private long _offeredBytes;
    private long _settledBytes;
    private int _isClosing;
    private long _closedSince;
    private long _bytesStored;
    private long _bytesRead;

    internal Partition(IPartitionLog log, int partitionCount, TimeProvider time, IPartitionOwner owner)
    {
        _log = log;
        _time = time;
        _owner = owner;
        PartitionCount = partitionCount;
        Touch();
        _log.HighWatermarkMoved += OnHighWatermarkMoved;
    }

    /// <summary>Which partition it is.</summary>
    public PartitionId Id => _log.Partition;

    /// <summary>The epoch under which it was opened here.</summary>
    public LeaderEpoch LeaderEpoch => _log.LeaderEpoch;

    /// <summary>How far its log reaches at this moment.</summary>
    public LogOffsets Offsets => _log.Offsets;

    /// <summary>True once it no longer serves.</summary>
    public bool IsClosing => Volatile.Read(ref _isClosing) != 0;

    /// <summary>Completes when its log is closed.</summary>
    public Task Closed => _closed.Task;

    internal IPartitionLog Log => _log;

    /// <summary>The topic's name, for people.</summary>
    internal string Topic { get; init; } = "";

    /// <summary>The store that its log lies in. What one store does must hold up nothing in another.</summary>
    internal string Store { get; init; } = "";

    /// <summary>Bytes of batches stored since the opening.</summary>
    internal long BytesStored => Interlocked.Read(ref _bytesStored);

    /// <summary>Bytes of batches read since the opening.</summary>
    internal long BytesRead => Interlocked.Read(ref _bytesRead);

    /// <summary>How many partitions the topic has, on which this one's place depends.</summary>
    internal int PartitionCount { get; set; }

    /// <summary>When it ceased to serve, as a reading of the clock.</summary>
    internal long ClosedSince => Interlocked.Read(ref _closedSince);

    /// <summary>
    /// Bytes offered for appending since the opening. Together with an earlier <see cref="SettledBytes"/> it tells a waiting fetch
    /// how much became readable in between: never too little, too much by what is still in flight.
    /// </summary>
    internal long OfferedBytes => Interlocked.Read(ref _offeredBytes);

    /// <summary>Bytes of the appends that have ended, one way or the other.</summary>
    internal long SettledBytes => Interlocked.Read(ref _settledBytes);

    /// <summary>Whether an append has begun and not ended.</summary>
    internal bool IsAppending => SettledBytes != OfferedBytes;

    /// <summary>The time since the last append, read or call; zero while a fetch waits.</summary>
    internal TimeSpan IdleTime => Volatile.Read(ref _waiterCount) > 0 ? TimeSpan.Zero : _time.GetElapsedTime(Interlocked.Read(ref _lastUse));

    /// <summary>Appends one batch; see <see cref="IPartitionLog.AppendAsync"/>. A partition that closes answers <see cref="ErrorCode.NotLeaderOrFollower"/>.</summary>
    public async ValueTask<AppendResult> AppendAsync(ReadOnlyMemory<byte> batch, CancellationToken cancellationToken = default)
    {
        if (IsClosing)
        {
            return AppendResult.Failed(ErrorCode.NotLeaderOrFollower, ClosedMessage);
        }

        Touch();
        Interlocked.Add(ref _offeredBytes, batch.Length);
        AppendResult result;
        try
        {
            result = await _log.AppendAsync(batch, cancellationToken);
        }
        finally
        {
            Interlocked.Add(ref _settledBytes, batch.Length);
        }

        if (result.Error == ErrorCode.None)
        {
            Interlocked.Add(ref _bytesStored, batch.Length);
        }

        // The log says how its opening ended; for the caller both a clean end and a later opening mean "go elsewhere".
        return result.Error == ErrorCode.FencedLeaderEpoch || (result.Error != ErrorCode.None && _log.Completion.IsCompletedSuccessfully)
            ? AppendResult.Failed(ErrorCode.NotLeaderOrFollower, ClosedMessage)
            : result;
    }

    /// <summary>Reads whole batches below the high watermark; see <see cref="IPartitionLog.ReadAsync"/>.</summary>
    /// <exception cref="OrleansStreamException">As there; <see cref="ErrorCode.NotLeaderOrFollower"/> when the partition closes.</exception>
    public async ValueTask<RecordBytes> ReadAsync(Offset offset, int maxBytes, bool firstWhole, CancellationToken cancellationToken = default)
    {
        ThrowIfClosing();
        Touch();
        try
        {
            var batches = await _log.ReadAsync(offset, maxBytes, firstWhole, cancellationToken);
            Interlocked.Add(ref _bytesRead, batches.Length);
            return batches;
        }
        catch (OrleansStreamException) when (HasMoved)
        {
            throw NotHere();
        }
    }

    /// <summary>Finds a record by its time; see <see cref="IPartitionLog.FindOffsetAsync"/>.</summary>
    /// <exception cref="OrleansStreamException">As for <see cref="ReadAsync"/>.</exception>
    public async ValueTask<TimestampedOffset?> FindOffsetAsync(long timestampMs, CancellationToken cancellationToken = default)
    {
        ThrowIfClosing();
        Touch();
        try
        {
            return await _log.FindOffsetAsync(timestampMs, cancellationToken);
        }
        catch (OrleansStreamException) when (HasMoved)
        {
            throw NotHere();
        }
    }

    /// <summary>Where an epoch ended; see <see cref="IPartitionLog.FindEpochEnd"/>.</summary>
    public (LeaderEpoch Epoch, Offset EndOffset)? FindEpochEnd(LeaderEpoch epoch) => _log.FindEpochEnd(epoch);

    /// <summary>The idempotent producers that it remembers; see <see cref="IPartitionLog.ListProducersAsync"/>.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.NotLeaderOrFollower"/> when the partition closes.</exception>
    public async ValueTask<IReadOnlyList<RememberedProducer>> ListProducersAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _log.ListProducersAsync(cancellationToken);
        }
        catch (OrleansStreamException) when (HasMoved)
        {
            throw NotHere();
        }
    }

    /// <summary>The log's extent, with its size.</summary>
    public LogDescription Describe() => _log.Describe();

    /// <summary>Notes a use that went past <see cref="AppendAsync"/> and <see cref="ReadAsync"/>.</summary>
    internal void Touch() => Interlocked.Exchange(ref _lastUse, _time.GetTimestamp());

    internal void Register(FetchWaiter waiter)
    {
        lock (_waitersLock)
        {
            _waiters.Add(waiter);
            Volatile.Write(ref _waiterCount, _waiters.Count);
        }
    }

    internal void Unregister(FetchWaiter waiter)
    {
        lock (_waitersLock)
        {
            _waiters.Remove(waiter);
            Volatile.Write(ref _waiterCount, _waiters.Count);
        }

        Touch();
    }

    /// <summary>Asks the grain to close the partition; <see cref="Closed"/> tells when it has.</summary>
    internal void RequestClose(string reason) => _owner.RequestClose(reason);

    /// <summary>Asks the grain to move to another silo; see <see cref="IPartitionOwner.MoveAsync"/>.</summary>
    internal Task MoveAsync(SiloAddress target) => _owner.MoveAsync(target);

    /// <summary>Stops serving and wakes every waiting fetch. The log itself is the grain's to close.</summary>
    /// <returns>False when it had stopped before.</returns>
    internal bool Close()
    {
        if (Interlocked.Exchange(ref _isClosing, 1) != 0)
        {
            return false;
        }

        Interlocked.Exchange(ref _closedSince, _time.GetTimestamp());
        _log.HighWatermarkMoved -= OnHighWatermarkMoved;
        SignalWaiters();
        return true;
    }

    internal void SetClosed() => _closed.TrySetResult();

    private bool HasMoved => _log.Completion.IsCompletedSuccessfully
        || (_log.Completion.Exception?.InnerException is OrleansStreamException { ErrorCode: ErrorCode.FencedLeaderEpoch });

    private void ThrowIfClosing()
    {
        if (IsClosing)
        {
            throw NotHere();
        }
    }

    private static OrleansStreamException NotHere() => new(ErrorCode.NotLeaderOrFollower, ClosedMessage);

    private void OnHighWatermarkMoved(Offset highWatermark)
    {
        if (Volatile.Read(ref _waiterCount) > 0)
        {
            SignalWaiters();
        }
    }

    private void SignalWaiters()
    {
        lock (_waitersLock)
        {
            foreach (var waiter in _waiters)
            {
                waiter.Signal();
            }
        }
    }
}
