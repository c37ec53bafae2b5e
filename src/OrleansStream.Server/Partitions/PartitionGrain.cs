using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Placement;
using Orleans.Runtime.Placement;
using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Placement;
using OrleansStream.Topics;

namespace OrleansStream.Server.Partitions;

/// <summary>
/// Owns a partition as long as it is activated, and does nothing but that: it opens the log and closes it. Data goes past it,
/// to the <see cref="Partition"/> in the silo's table; so idleness is measured there, and Orleans' own collection is kept off.
/// Where it lives, and when it moves, is decided by the placement of this platform alone.
/// </summary>
[PartitionPlacement, Immovable, KeepAlive]
internal sealed partial class PartitionGrain(
    PartitionOpener opener,
    PartitionTable table,
    LocalEndpoint endpoint,
    EndpointAddress address,
    PlacementMap placement,
    MoveRecorder moves,
    TimeProvider time,
    StopTime stop,
    IOptions<OrleansStreamServerOptions> options,
    ILogger<PartitionGrain> logger) : Grain, IPartitionGrain, IPartitionOwner, IGrainMigrationParticipant
{
    private Partition? _partition;
    private OrleansStreamException? _refusal;
    private Task _watch = Task.CompletedTask;
    private bool _wasMoved;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        try
        {
            if (!PartitionId.TryParse(key, out var id))
            {
                throw new OrleansStreamException(ErrorCode.UnknownTopicOrPartition, $"'{key}' does not name a partition.");
            }

            _partition = await opener.OpenAsync(id, this, cancellationToken);
            _watch = WatchAsync(_partition);
            NoteTakeover(_partition);
        }
        catch (OrleansStreamException refusal)
        {
            // Told to whoever called, by the method called: an exception from here would reach them as a failed activation.
            _refusal = refusal;
            if (refusal is { IsRetriable: true, InnerException: null })
            {
                // The store knows why, and has told it once for all partitions.
                PartitionNotOpened(key, refusal.Message);
            }
            else if (refusal.ErrorCode != ErrorCode.UnknownTopicOrPartition)
            {
                PartitionRefused(key, refusal.ErrorCode, refusal);
            }
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_partition is not { } partition)
        {
            return;
        }

        table.Remove(partition);
        var limit = stop.Limit(options.Value.PartitionCloseTimeout);
        try
        {
            await partition.Log.DisposeAsync().AsTask().WaitAsync(limit, time, cancellationToken);
            PartitionClosed(partition.Id, partition.LeaderEpoch, reason.Description);
        }
        catch (Exception unclean) when (unclean is TimeoutException or OperationCanceledException)
        {
            PartitionCloseTimedOut(partition.Id, limit);
        }

        partition.SetClosed();
    }

    /// <summary>Nothing travels with a move: the log is in its store, and whatever was not durable was not acknowledged.</summary>
    public void OnDehydrate(IDehydrationContext dehydrationContext)
    {
    }

    public void OnRehydrate(IRehydrationContext rehydrationContext) => _wasMoved = true;

    public void RequestClose(string reason) =>
        GrainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, reason), CancellationToken.None);

    public Task MoveAsync(SiloAddress target)
    {
        GrainContext.Migrate(new Dictionary<string, object> { [IPlacementDirector.PlacementHintKey] = target }, CancellationToken.None);
        return GrainContext.Deactivated;
    }

    public Task<PartitionLeader> GetLeaderAsync()
    {
        var partition = Open();
        partition.Touch();
        return Task.FromResult(address.LeaderOf(partition));
    }

    public Task<PartitionDescription> DescribeAsync()
    {
        var partition = Open();
        partition.Touch();
        return Task.FromResult(address.Describe(partition));
    }

    public Task<SegmentDescription[]> DescribeSegmentsAsync(int limit)
    {
        var partition = Open();
        partition.Touch();
        return Task.FromResult(partition.Log.DescribeSegments().TakeLast(limit).ToArray());
    }

    public Task<ProduceResponse> ProduceAsync(ProduceRequest request)
    {
        if (Refuse() is { } refusal)
        {
            request.Batch?.Dispose();
            return Task.FromResult(new ProduceResponse(refusal.ErrorCode, Offset.None, Offset.None, refusal.Message));
        }

        return endpoint.ProduceAsync(request);
    }

    public async Task<FetchedPartition> FetchAsync(FetchPartition request)
    {
        if (Refuse() is { } refusal)
        {
            return FetchAnswer.Failed(request.Partition, refusal.ErrorCode, refusal.Message);
        }

        var response = await endpoint.FetchAsync(new FetchRequest([request], 0, request.MaxBytes, TimeSpan.Zero), CancellationToken.None);
        return response.Partitions[0];
    }

    public async Task<Offset> DeleteRecordsAsync(Offset before)
    {
        var partition = Open();
        partition.Touch();
        return await partition.Log.DeleteRecordsAsync(before, CancellationToken.None);
    }

    /// <summary>Ends the activation when the log ends by itself: a later opening took over, or the disk failed.</summary>
    private async Task WatchAsync(Partition partition)
    {
        await partition.Log.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        table.Remove(partition);
        if (partition.Log.Completion.Exception?.InnerException is { } failure)
        {
            if (failure is not OrleansStreamException { ErrorCode: ErrorCode.UnknownTopicId or ErrorCode.FencedLeaderEpoch })
            {
                PartitionLost(partition.Id, partition.LeaderEpoch, failure);
            }

            DeactivateOnIdle();
        }
    }

    /// <summary>Records a move that nobody made: the partition was on a silo that died.</summary>
    private void NoteTakeover(Partition partition)
    {
        // The first opening of all took over from nobody.
        if (!_wasMoved && partition.LeaderEpoch.Value > 0 && placement.FindDeadOwner(partition.Id, partition.PartitionCount) is var (silo, since))
        {
            _ = moves.TookOverAsync(partition.Id, silo, time.GetElapsedTime(since));
        }
    }

    private Partition Open() => Refuse() is { } refusal ? throw new OrleansStreamException(refusal.ErrorCode, refusal.Message) : _partition!;

    private OrleansStreamException? Refuse()
    {
        if (_refusal is not null)
        {
            DeactivateOnIdle();
        }

        return _refusal;
    }

    [LoggerMessage(LogEvents.PartitionClosed, LogLevel.Debug, "Closed partition {Partition} of leader epoch {LeaderEpoch}: {Reason}")]
    private partial void PartitionClosed(PartitionId partition, LeaderEpoch leaderEpoch, string reason);

    [LoggerMessage(LogEvents.PartitionRefused, LogLevel.Error, "Partition {Partition} cannot be opened ({Error}).")]
    private partial void PartitionRefused(string partition, ErrorCode error, Exception exception);

    [LoggerMessage(LogEvents.PartitionNotOpened, LogLevel.Debug, "Partition {Partition} cannot be opened just now: {Reason}")]
    private partial void PartitionNotOpened(string partition, string reason);

    [LoggerMessage(LogEvents.PartitionLost, LogLevel.Error, "The log of partition {Partition} ended under leader epoch {LeaderEpoch}; the next use opens it again.")]
    private partial void PartitionLost(PartitionId partition, LeaderEpoch leaderEpoch, Exception exception);

    [LoggerMessage(LogEvents.PartitionCloseTimedOut, LogLevel.Warning, "The log of partition {Partition} was not closed within {Timeout}; the next opening recovers it.")]
    private partial void PartitionCloseTimedOut(PartitionId partition, TimeSpan timeout);
}
