using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Endpoint;
using OrleansStream.Records;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Partitions;

namespace OrleansStream.Server.Endpoint;

/// <summary>
/// Produce, fetch and find-offset on the partitions that this silo has open, for every edge inside the silo: the grain service
/// that clients address, the partition grains, other protocols. May be called from any thread; the work is done on the
/// thread pool, whatever scheduler the caller runs on. Expected trouble comes as a result, never as an exception.
/// </summary>
public sealed partial class LocalEndpoint : IDisposable
{
    private const string NotOpenMessage = "The partition is not open on this silo; ask its grain where it lives.";
    private const string DrainingMessage = "The silo is stopping; ask the partition's grain where it lives now.";

    private readonly PartitionTable _table;
    private readonly Fetcher _fetcher;
    private readonly ProduceBudget _produceBudget;
    private readonly ServerMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<LocalEndpoint> _logger;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _draining = new();
    private readonly CancellationToken _drainingToken;
    private int _producesInHand;

    internal LocalEndpoint(
        PartitionTable table, Fetcher fetcher, ServerMetrics metrics, TimeProvider time, IOptions<OrleansStreamServerOptions> options, ILogger<LocalEndpoint> logger)
    {
        _table = table;
        _fetcher = fetcher;
        _metrics = metrics;
        _time = time;
        _logger = logger;
        _drainingToken = _draining.Token;
        _produceBudget = new ProduceBudget(options.Value.MaxProduceBytesInHand);
    }

    /// <summary>Appends a batch and answers once it is durable. The request's batch is released when the answer is there.</summary>
    public async Task<ProduceResponse> ProduceAsync(ProduceRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var batch = request.Batch;
        var response = await ProduceAsync(request.Partition, batch?.Memory ?? default, isInOrder: false);
        if (response.Error != ErrorCode.None)
        {
            _metrics.Failed("produce", response.Error);
        }

        return response;
    }

    /// <summary>
    /// Appends a batch for a caller inside the silo whose batches must keep their order: by the time this returns the batch has its
    /// place in the partition's log, and the task is about its durability. The checks, a checksum over the bytes among them, run on
    /// the caller's thread. The caller bounds the bytes it has in hand itself, and keeps them unchanged until the task is done.
    /// </summary>
    public async Task<ProduceResponse> AppendInOrderAsync(PartitionId partition, ReadOnlyMemory<byte> batch)
    {
        var response = await ProduceAsync(partition, batch, isInOrder: true);
        if (response.Error != ErrorCode.None)
        {
            _metrics.Failed("produce", response.Error);
        }

        return response;
    }

    /// <summary>Whether appends to a partition are under way.</summary>
    public bool IsAppending(PartitionId partition) => _table.TryFind(partition, out var open) && open.IsAppending;

    /// <summary>Reads batches, waiting for them as long as the request allows. The receiver of the answer disposes its batches.</summary>
    public async Task<FetchResponse> FetchAsync(FetchRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (_drainingToken.IsCancellationRequested)
        {
            return FetchAnswer.AllFailed(request, ErrorCode.NotLeaderOrFollower, DrainingMessage);
        }

        await ThreadPoolHop();
        if (request.MaxWait <= TimeSpan.Zero)
        {
            return await _fetcher.FetchAsync(request, cancellationToken);
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_drainingToken, cancellationToken);
        return await _fetcher.FetchAsync(request, ending.Token);
    }

    /// <summary>Finds the beginning, the end, or the first record from a time on.</summary>
    public async Task<FindOffsetResponse> FindOffsetAsync(FindOffsetRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!_table.TryFind(request.Partition, out var partition))
        {
            return new FindOffsetResponse(ErrorCode.NotLeaderOrFollower, Offset.None, Message: NotOpenMessage);
        }

        partition.Touch();
        try
        {
            switch (request.Position)
            {
                case OffsetPosition.Beginning:
                    return new FindOffsetResponse(ErrorCode.None, partition.Offsets.LogStart);
                case OffsetPosition.End:
                    return new FindOffsetResponse(ErrorCode.None, partition.Offsets.HighWatermark);
                case OffsetPosition.Timestamp:
                    await ThreadPoolHop();
                    var found = await partition.FindOffsetAsync(request.TimestampMs);
                    return new FindOffsetResponse(ErrorCode.None, found?.Offset ?? Offset.None, found?.TimestampMs ?? -1);
                case OffsetPosition.Record:
                    await ThreadPoolHop();
                    return new FindOffsetResponse(ErrorCode.None, request.Offset, await FindTimeAsync(partition, request.Offset));
                default:
                    return Failed(ErrorCode.InvalidRequest, $"There is no offset position {(int)request.Position}.");
            }
        }
        catch (OrleansStreamException expected)
        {
            return Failed(expected.ErrorCode, expected.Message);
        }
        catch (Exception unexpected)
        {
            FindOffsetFailed(request.Partition, unexpected);
            return Failed(ErrorCode.Unknown, $"The offset was not found: {unexpected.Message}");
        }

        FindOffsetResponse Failed(ErrorCode error, string message)
        {
            _metrics.Failed("find-offset", error);
            return new FindOffsetResponse(error, Offset.None, Message: message);
        }
    }

    /// <summary>Called by the container once nothing uses the endpoint any more.</summary>
    public void Dispose() => _draining.Dispose();

    /// <summary>Takes no more requests, ends every wait, and completes when the appends in hand are answered or the time is over.</summary>
    internal async Task DrainAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var openPartitions = _table.Count;
        EndpointDraining(Volatile.Read(ref _producesInHand), openPartitions);
        await _draining.CancelAsync();
        if (Volatile.Read(ref _producesInHand) == 0)
        {
            return;
        }

        try
        {
            await _drained.Task.WaitAsync(timeout, _time, cancellationToken);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            EndpointDrainTimedOut(Volatile.Read(ref _producesInHand), timeout);
        }
    }

    /// <summary>
    /// The time of a record by its batch's header alone, since the server decodes no records: between the first record's time and
    /// the youngest one's, by its place in the batch.
    /// </summary>
    /// <returns>-1 at the high watermark, where there is no record yet.</returns>
    private static async ValueTask<long> FindTimeAsync(Partition partition, Offset offset)
    {
        using var batches = await partition.ReadAsync(offset, maxBytes: 1, firstWhole: true);
        if (batches.Length < RecordBatchFormat.HeaderBytes)
        {
            return -1;
        }

        var header = new RecordBatchHeader(batches.Memory.Span);
        var place = header.LastOffsetDelta == 0 ? 0 : (double)(offset.Value - header.BaseOffset) / header.LastOffsetDelta;
        return header.BaseTimestamp + (long)(place * (header.MaxTimestamp - header.BaseTimestamp));
    }

    private async ValueTask<ProduceResponse> ProduceAsync(PartitionId id, ReadOnlyMemory<byte> batch, bool isInOrder)
    {
        if (batch.IsEmpty)
        {
            return Failed(ErrorCode.InvalidRequest, "The request holds no record batch.");
        }

        // Counted before the look at the draining flag, so that draining sees every request that got past it.
        Interlocked.Increment(ref _producesInHand);
        try
        {
            if (_drainingToken.IsCancellationRequested)
            {
                return Failed(ErrorCode.NotLeaderOrFollower, DrainingMessage);
            }

            if (!_table.TryFind(id, out var partition))
            {
                return Failed(ErrorCode.NotLeaderOrFollower, NotOpenMessage);
            }

            if (isInOrder)
            {
                // A batch that is refused for want of room, while the next one is taken, would break the order of an idempotent producer.
                return await AppendAsync(partition, batch, isInOrder);
            }

            if (!_produceBudget.TryTake(partition.Store, batch.Length))
            {
                return Failed(ErrorCode.Throttled, $"The silo has {_produceBudget.Used} bytes of batches in hand and takes no more just now; send it again.");
            }

            try
            {
                return await AppendAsync(partition, batch, isInOrder);
            }
            finally
            {
                _produceBudget.Return(partition.Store, batch.Length);
            }
        }
        finally
        {
            if (Interlocked.Decrement(ref _producesInHand) == 0 && _drainingToken.IsCancellationRequested)
            {
                _drained.TrySetResult();
            }
        }
    }

    private async ValueTask<ProduceResponse> AppendAsync(Partition partition, ReadOnlyMemory<byte> batch, bool isInOrder)
    {
        var start = _time.GetTimestamp();
        if (!isInOrder)
        {
            await ThreadPoolHop();
        }

        try
        {
            var result = await partition.AppendAsync(batch);
            if (result.Error != ErrorCode.None)
            {
                return Failed(result.Error, result.Message);
            }

            _metrics.Stored(batch.Length, new RecordBatchHeader(batch.Span).RecordCount);
            _metrics.Appended(_time.GetElapsedTime(start));

            return new ProduceResponse(ErrorCode.None, result.BaseOffset, partition.Offsets.LogStart);
        }
        catch (Exception unexpected)
        {
            ProduceFailed(partition.Id, unexpected);
            return Failed(ErrorCode.Unknown, $"The batch was not stored: {unexpected.Message}");
        }
    }

    /// <summary>
    /// Leaves the caller's scheduler: a grain service has one single-threaded scheduler for all its calls, and checksums and
    /// reads of all partitions would queue up there while other cores idle.
    /// </summary>
    private static ConfiguredTaskAwaitable ThreadPoolHop() => Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

    private static ProduceResponse Failed(ErrorCode error, string? message) => new(error, Offset.None, Offset.None, message);

    [LoggerMessage(LogEvents.ProduceFailed, LogLevel.Error, "An append to partition {Partition} failed in a way nobody foresaw.")]
    private partial void ProduceFailed(PartitionId partition, Exception exception);

    [LoggerMessage(LogEvents.FindOffsetFailed, LogLevel.Error, "Finding an offset in partition {Partition} failed in a way nobody foresaw.")]
    private partial void FindOffsetFailed(PartitionId partition, Exception exception);

    [LoggerMessage(LogEvents.EndpointDraining, LogLevel.Information, "The silo stops serving: {Produces} appends in hand, {Partitions} partitions open.")]
    private partial void EndpointDraining(int produces, int partitions);

    [LoggerMessage(LogEvents.EndpointDrainTimedOut, LogLevel.Warning, "{Produces} appends were still in hand after {Timeout}; their producers will repeat them.")]
    private partial void EndpointDrainTimedOut(int produces, TimeSpan timeout);
}
