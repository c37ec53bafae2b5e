using Microsoft.Extensions.Logging;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Diagnostics;
using OrleansStream.Endpoint;

namespace OrleansStream.Client.Consuming.Fetching;

/// <summary>
/// Keeps the read-ahead filled: of every silo that leads partitions with room, at most one fetch that waits for records and
/// one that does not are under way. Safe for concurrent use. Trouble that may pass is retried for ever; what only the loop
/// can resolve is left in the read-ahead for it.
/// </summary>
internal sealed partial class Fetcher : IAsyncDisposable
{
    /// <summary>The most bytes of one answer, unless a single batch is larger.</summary>
    public const int MaxFetchBytes = 8 * 1024 * 1024;

    // On top of the time that the silo may wait; a fetch that takes longer is taken for lost.
    private static readonly TimeSpan s_answerTimeout = TimeSpan.FromSeconds(5);

    // A topic that was just created, or is just being deleted, may be unknown to a silo for a while.
    private static readonly TimeSpan s_unknownPatience = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly Dictionary<(object Target, bool IsWaiting), FetchLane> _lanes = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly ClusterConnection _connection;
    private readonly ConsumerOptions _options;
    private readonly ReadAhead _readAhead;
    private readonly ILogger _logger;
    private readonly int _partitionBytes;
    private long _reservedBytes;
    private bool _isStopped;

    public Fetcher(ClusterConnection connection, ConsumerOptions options, ReadAhead readAhead)
    {
        _connection = connection;
        _options = options;
        _readAhead = readAhead;
        _logger = connection.Loggers.CreateLogger<Fetcher>();
        _partitionBytes = (int)Math.Min(options.MaxPartitionFetchBytes, options.MaxBufferedBytes);
    }

    /// <summary>Fetches on in a run, if it has room.</summary>
    public void Continue(FetchRun run) => Continue([run]);

    /// <summary>Fetches on in runs; those that want the same silo share a fetch.</summary>
    public void Continue(IEnumerable<FetchRun> runs)
    {
        List<CancellationTokenSource>? recalled;
        lock (_lock)
        {
            foreach (var run in runs)
            {
                Enqueue(run);
            }

            recalled = StartLanes();
        }

        Cancel(recalled);
    }

    /// <summary>Goes on if fetching had paused because the buffer was full.</summary>
    public void RoomFreed() => Continue([]);

    /// <summary>Ends every fetch. What they still bring is dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] work;
        lock (_lock)
        {
            _isStopped = true;
            work = [.. _lanes.Values.Select(lane => lane.Work ?? Task.CompletedTask)];
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(work).ConfigureAwait(false);
    }

    private void Enqueue(FetchRun run)
    {
        if (run.State != FetchState.Idle || run.IsAbandoned || _isStopped || Volatile.Read(ref run.QueuedBytes) >= _partitionBytes)
        {
            return;
        }

        var finding = _connection.Router.FindAsync(run.Partition.Id, _stopping.Token);
        if (finding.IsCompletedSuccessfully)
        {
            Enqueue(run, finding.Result);
        }
        else
        {
            run.State = FetchState.Preparing;
            run.Route = null;
            _ = FindRouteAsync(run, finding.AsTask());
        }
    }

    private void Enqueue(FetchRun run, PartitionRoute route)
    {
        run.Route = route;
        var highWatermark = run.Partition.HighWatermark;
        var isWaiting = route.Endpoint is not null && highWatermark.HasValue && run.NextOffset >= highWatermark;
        var key = (Target: (object?)route.Endpoint ?? route.Grain, isWaiting);
        if (!_lanes.TryGetValue(key, out var lane))
        {
            _lanes.Add(key, lane = new FetchLane(route, isWaiting));
        }

        lane.Enqueue(run);
    }

    private async Task FindRouteAsync(FetchRun run, Task<PartitionRoute> finding)
    {
        try
        {
            await finding.ConfigureAwait(false);
            lock (_lock)
            {
                run.State = FetchState.Idle;
            }

            Continue(run);
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            var failure = CallFailure.From(exception);
            await RecoverAsync([run], failure.Error, failure.Message, failure.Cause).ConfigureAwait(false);
        }
    }

    /// <summary>Starts the lanes that have work and room, and tells which waits stand in the way of runs that came since.</summary>
    private List<CancellationTokenSource>? StartLanes()
    {
        List<CancellationTokenSource>? recalled = null;
        foreach (var (key, lane) in _lanes)
        {
            if (lane.IsEmpty)
            {
                continue;
            }

            if (lane.Work is null)
            {
                if (HasRoom)
                {
                    lane.Work = Task.Run(() => ServeAsync(key, lane));
                }
            }
            else if (lane.Recall is { } recall)
            {
                lane.Recall = null;
                (recalled ??= []).Add(recall);
            }
        }

        return recalled;
    }

    private static void Cancel(List<CancellationTokenSource>? recalled)
    {
        foreach (var source in recalled ?? [])
        {
            _ = source.CancelAsync();
        }
    }

    private long Room => _options.MaxBufferedBytes - _readAhead.BufferedBytes - _reservedBytes;

    private bool HasRoom => !_isStopped && Room >= _partitionBytes;

    private async Task ServeAsync((object, bool) key, FetchLane lane)
    {
        while (true)
        {
            FetchRun[] runs;
            FetchRequest request;
            var recall = new CancellationTokenSource();
            lock (_lock)
            {
                runs = HasRoom ? lane.Take() : [];
                if (runs.Length == 0)
                {
                    lane.Work = null;
                    if (lane.IsEmpty)
                    {
                        _lanes.Remove(key);
                    }

                    return;
                }

                request = MakeRequest(runs, lane.IsWaiting);
                lane.Recall = lane.IsWaiting ? recall : null;
            }

            await FetchAsync(lane, runs, request, recall.Token).ConfigureAwait(false);
        }
    }

    private FetchRequest MakeRequest(FetchRun[] runs, bool isWaiting)
    {
        var maxBytes = (int)Math.Clamp(Room, 1, MaxFetchBytes);
        if (!isWaiting)
        {
            // A fetch that waits brings little, and must not keep others from fetching while it does.
            _reservedBytes += maxBytes;
        }

        var partitions = Array.ConvertAll(runs, run => new FetchPartition(run.Partition.Id, run.NextOffset, _partitionBytes));
        return new FetchRequest(partitions, 1, maxBytes, isWaiting ? _options.MaxFetchWait : TimeSpan.Zero);
    }

    private async Task FetchAsync(FetchLane lane, FetchRun[] runs, FetchRequest request, CancellationToken recall)
    {
        try
        {
            var response = await CallAsync(lane, runs, request, recall).ConfigureAwait(false);
            Unreserve(lane, request);
            Accept(lane, runs, response);
        }
        catch (Exception exception)
        {
            Unreserve(lane, request);
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            if (recall.IsCancellationRequested)
            {
                Requeue(runs);
                return;
            }

            var failure = CallFailure.From(exception);
            _ = RecoverAsync(runs, failure.Error, failure.Message, failure.Cause);
        }
    }

    private async Task<FetchResponse> CallAsync(FetchLane lane, FetchRun[] runs, FetchRequest request, CancellationToken recall)
    {
        using var timeout = new CancellationTokenSource(request.MaxWait + s_answerTimeout, _connection.Time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, recall, _stopping.Token, _connection.Loss);
        if (lane.Endpoint is { } endpoint)
        {
            return await AwaitAsync(endpoint.FetchAsync(request, ending.Token), static late => late, ending.Token).ConfigureAwait(false);
        }

        var call = runs[0].Route!.Grain.FetchAsync(request.Partitions[0]);
        var fetched = await AwaitAsync(call, static late => new FetchResponse([late]), ending.Token).ConfigureAwait(false);
        if (fetched.Partitions[0] is { Error: ErrorCode.None, Batches.Length: 0 })
        {
            // The grain does not wait for records, so the client has to.
            await Task.Delay(_options.MaxFetchWait / 4, _connection.Time, ending.Token).ConfigureAwait(false);
        }

        return fetched;
    }

    /// <summary>Waits for an answer; one that comes too late is released.</summary>
    private static async Task<FetchResponse> AwaitAsync<T>(Task<T> call, Func<T, FetchResponse> toResponse, CancellationToken ending)
    {
        try
        {
            return toResponse(await call.WaitAsync(ending).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            _ = call.ContinueWith(
                late =>
                {
                    if (late.IsCompletedSuccessfully)
                    {
                        Array.ForEach(toResponse(late.Result).Partitions, static fetched => fetched.Batches.Dispose());
                    }
                    else
                    {
                        _ = late.Exception;
                    }
                },
                CancellationToken.None,
                TaskContinuationOptions.None,
                TaskScheduler.Default);
            throw;
        }
    }

    private void Accept(FetchLane lane, FetchRun[] runs, FetchResponse response)
    {
        // Those that got nothing come first next time.
        var served = new List<FetchRun>();
        var hungry = new List<FetchRun>();
        for (var i = 0; i < runs.Length; i++)
        {
            var fetched = response.Partitions[i];
            if (fetched.Error != ErrorCode.None)
            {
                Refuse(runs[i], fetched);
            }
            else if (Keep(runs[i], fetched))
            {
                (fetched.Batches.Length > 0 ? served : hungry).Add(runs[i]);
            }
        }

        lock (_lock)
        {
            lane.Recall = null;
        }

        Requeue([.. hungry, .. served]);
    }

    private void Requeue(IReadOnlyCollection<FetchRun> runs)
    {
        lock (_lock)
        {
            foreach (var run in runs)
            {
                run.State = FetchState.Idle;
            }
        }

        Continue(runs);
    }

    private bool Keep(FetchRun run, FetchedPartition fetched)
    {
        _connection.Router.Report(run.Route!, ErrorCode.None);
        run.Failures = 0;
        run.Partition.HighWatermark = fetched.HighWatermark;
        if (fetched.Batches.Length == 0)
        {
            return true;
        }

        try
        {
            var batches = FetchedBatches.From(run, fetched.Batches, run.NextOffset);
            run.NextOffset = batches.NextOffset;
            _readAhead.Offer(batches);
            return true;
        }
        catch (OrleansStreamException exception)
        {
            fetched.Batches.Dispose();
            End(FetchedBatches.Failed(run, exception));
            return false;
        }
    }

    private void Refuse(FetchRun run, FetchedPartition fetched)
    {
        fetched.Batches.Dispose();
        if (fetched.Error != ErrorCode.OffsetOutOfRange)
        {
            _ = RecoverAsync([run], fetched.Error, fetched.Message, redirection: fetched.Leader);
            return;
        }

        _connection.Router.Report(run.Route!, ErrorCode.None);
        var reset = _options.OffsetReset switch
        {
            OffsetReset.Beginning => fetched.LogStartOffset,
            OffsetReset.End => fetched.HighWatermark,
            _ => Offset.None,
        };
        if (reset.HasValue)
        {
            OffsetGone(run.Partition.TopicPartition, run.NextOffset, fetched.LogStartOffset, fetched.HighWatermark, reset);
            End(FetchedBatches.BeginAnew(run, reset));
        }
        else
        {
            End(FetchedBatches.Failed(run, new OrleansStreamException(
                ErrorCode.OffsetOutOfRange,
                $"{run.Partition.TopicPartition} does not hold offset {run.NextOffset}, only {fetched.LogStartOffset} up to "
                + $"{fetched.HighWatermark}. Seek to one of these, or set {nameof(ConsumerOptions.OffsetReset)}.")));
        }
    }

    private void End(FetchedBatches last)
    {
        lock (_lock)
        {
            last.Run.State = FetchState.Ended;
        }

        _readAhead.Offer(last);
    }

    /// <summary>After a failure: tries again after a pause, or ends the run when trying again is of no use.</summary>
    private async Task RecoverAsync(
        FetchRun[] runs, ErrorCode error, string? message, Exception? cause = null, PartitionLeader? redirection = null)
    {
        var failures = 1;
        var retried = new List<FetchRun>(runs.Length);
        foreach (var run in runs)
        {
            if (run.Route is { } route)
            {
                _connection.Router.Report(route, error, redirection);
            }

            run.FailingSince = run.Failures++ == 0 ? _connection.Time.GetTimestamp() : run.FailingSince;
            failures = Math.Max(failures, run.Failures);
            if (MayPass(run, error))
            {
                retried.Add(run);
            }
            else
            {
                End(FetchedBatches.Failed(run, new OrleansStreamException(
                    error, $"{run.Partition.TopicPartition} cannot be read from offset {run.NextOffset}: {message ?? error.ToString()}", cause)));
            }
        }

        if (retried.Count == 0)
        {
            return;
        }

        FetchFailed(retried[0].Partition.TopicPartition, retried.Count, error, message, failures);
        lock (_lock)
        {
            retried.ForEach(static run => run.State = FetchState.Preparing);
        }

        try
        {
            // A partition that moved is no trouble: the first time its new place is sought at once.
            if (error != ErrorCode.NotLeaderOrFollower || failures > 1)
            {
                await _connection.Retry.PauseAsync(failures, _stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        Requeue(retried);
    }

    private bool MayPass(FetchRun run, ErrorCode error) =>
        error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId
            ? _connection.Time.GetElapsedTime(run.FailingSince) < s_unknownPatience
            : OrleansStreamException.IsRetriableCode(error);

    private void Unreserve(FetchLane lane, FetchRequest request)
    {
        if (!lane.IsWaiting)
        {
            lock (_lock)
            {
                _reservedBytes -= request.MaxBytes;
            }
        }
    }

    [LoggerMessage(LogEvents.FetchFailed, LogLevel.Debug, "A fetch of {Partition} and {Count} partitions in all failed with {Error}: {Detail} Attempt {Attempt}; trying again.")]
    private partial void FetchFailed(TopicPartition partition, int count, ErrorCode error, string? detail, int attempt);

    [LoggerMessage(LogEvents.OffsetGone, LogLevel.Warning, "{Partition} does not hold offset {Wanted}, only {LogStart} up to {HighWatermark}; reading goes on at {Reset}.")]
    private partial void OffsetGone(TopicPartition partition, Offset wanted, Offset logStart, Offset highWatermark, Offset reset);
}
