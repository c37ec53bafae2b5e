using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Placement;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Groups;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Partitions;
using OrleansStream.Storage;

namespace OrleansStream.Server.Placement;

/// <summary>
/// Moves the partitions that this silo has open and that belong elsewhere, some at a time. It watches membership, decisions and
/// topics, and looks again from time to time, so that a move which failed is repeated. Nothing that is idle is woken.
/// </summary>
internal sealed partial class PartitionMover(
    PlacementMap map,
    IPlacementStore store,
    PartitionTable table,
    EndpointAddress address,
    IClusterMembershipService membership,
    IGrainFactory grains,
    MoveRecorder recorder,
    PlacementBroadcast broadcast,
    GroupHandover groups,
    IOptions<OrleansStreamServerOptions> options,
    TimeProvider time,
    ILogger<PartitionMover> logger) : IDisposable
{
    /// <summary>How often decisions are read and partitions are looked at when nothing was heard.</summary>
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(5);

    private const int AnswerAttempts = 5;
    private static readonly TimeSpan s_answerTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The pause after a round of a stop in which nothing could be moved; each further one doubles it.</summary>
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<PartitionId, bool> _moving = new();
    private Task _running = Task.CompletedTask;
    private PlacementView _lastView = PlacementView.Empty;
    private MoveReason? _cause;

    /// <summary>Reads the decisions.</summary>
    /// <exception cref="OrleansStreamException">The store cannot be read.</exception>
    public async Task LoadOverridesAsync(CancellationToken cancellationToken)
    {
        if (await store.ReadAsync(map.OverridesVersion, cancellationToken) is { } overrides)
        {
            map.Apply(overrides);
        }
    }

    /// <summary>Begins to watch and to move.</summary>
    public void Start()
    {
        _lastView = map.View;
        map.Changed += Wake;
        _running = Task.WhenAll(WatchMembershipAsync(_stopping.Token), RunAsync(_stopping.Token));
    }

    /// <summary>Gives everything away that this silo has open, and the groups; completes when that is done or the time is over.</summary>
    public async Task EvacuateAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        map.NoteStopping(address.Silo);
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (map.View.Owners.All(silo => silo == address.Silo))
        {
            return;
        }

        await broadcast.StoppingAsync();
        var start = time.GetTimestamp();
        using var limit = new CancellationTokenSource(timeout, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var handingOver = groups.RunAsync(ending.Token);
        var moved = 0;
        var pause = s_firstPause;
        while (!ending.IsCancellationRequested && Misplaced(MoveReason.Left) is { Count: > 0 } misplaced)
        {
            if (await MoveAsync(misplaced, ending.Token) is > 0 and var count)
            {
                moved += count;
                pause = s_firstPause;
                continue;
            }

            // The others may need a moment to see what this silo sees; a store that does not answer needs longer.
            await Task.Delay(pause, time, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
        }

        await handingOver;
        Evacuated(moved, time.GetElapsedTime(start), table.Count);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _wake.Dispose();
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
        catch (ObjectDisposedException)
        {
            // The silo has stopped.
        }
    }

    private async Task WatchMembershipAsync(CancellationToken stopping)
    {
        await foreach (var _ in membership.MembershipUpdates.WithCancellation(stopping))
        {
            Wake();
        }
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        // Leaves the lifecycle's thread; all of this is slow and of no urgency to whoever starts the silo.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var wasWoken = await _wake.WaitAsync(s_round, stopping);
                if (!wasWoken)
                {
                    await LoadOverridesAsync(stopping);
                }

                await SettleAsync(stopping);
                await groups.RunAsync(stopping);
                await RoundAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // A round carries nothing over to the next one but what it did not do.
                RoundFailed(failure);
            }
        }
    }

    /// <summary>After a change of the membership: waits until it has been quiet, since silos tend to come and go together.</summary>
    private async Task SettleAsync(CancellationToken stopping)
    {
        var settling = options.Value.MoveSettleTime;
        for (var view = map.View; map.Explain(_lastView, view) is MoveReason.Joined or MoveReason.Left or MoveReason.Failed;)
        {
            await Task.Delay(settling, time, stopping);
            var later = map.View;
            if (ReferenceEquals(view, later))
            {
                return;
            }

            view = later;
        }
    }

    private async Task RoundAsync(CancellationToken stopping)
    {
        var view = map.View;
        if (!ReferenceEquals(view, _lastView))
        {
            _cause = map.Explain(_lastView, view)
                ?? (view.Overrides.Pins.Count < _lastView.Overrides.Pins.Count ? MoveReason.Unpinned
                    : ReferenceEquals(view.Overrides, _lastView.Overrides) ? _cause : MoveReason.Pinned);
            _lastView = view;
        }

        // What moves without a reason that was seen here does so because its topic was given more partitions.
        if (Misplaced(_cause ?? MoveReason.Resized) is { Count: > 0 } misplaced)
        {
            await MoveAsync(misplaced, stopping);
            if (Misplaced(MoveReason.Resized).Count > 0)
            {
                return;
            }
        }

        _cause = null;
    }

    private List<(Partition Partition, MoveReason Reason)> Misplaced(MoveReason cause)
    {
        var view = map.View;
        var found = new List<(Partition, MoveReason)>();
        foreach (var partition in table.All())
        {
            if (map.OwnerOf(partition.Id, partition.PartitionCount, view) is { } owner && owner != address.Silo && !_moving.ContainsKey(partition.Id))
            {
                found.Add((partition, view.IsPinned(partition.Id) && cause != MoveReason.Left ? MoveReason.Pinned : cause));
            }
        }

        return found;
    }

    /// <summary>Moves partitions, those of each store by themselves: with a store that does not answer, a move takes as long as it may and fails.</summary>
    private async Task<int> MoveAsync(List<(Partition Partition, MoveReason Reason)> partitions, CancellationToken cancellationToken) =>
        (await Task.WhenAll(partitions.GroupBy(move => move.Partition.Store).Select(store => MoveInOrderAsync(store, cancellationToken)))).Sum();

    private async Task<int> MoveInOrderAsync(IEnumerable<(Partition Partition, MoveReason Reason)> partitions, CancellationToken cancellationToken)
    {
        var moved = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Value.MaxMovesAtOnce, CancellationToken = cancellationToken };
        try
        {
            await Parallel.ForEachAsync(partitions, parallel, async (move, token) =>
            {
                if (await TryMoveAsync(move.Partition, move.Reason, token))
                {
                    Interlocked.Increment(ref moved);
                }
            });
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What was not begun is not begun.
        }

        return moved;
    }

    private async Task<bool> TryMoveAsync(Partition partition, MoveReason reason, CancellationToken cancellationToken)
    {
        // The map may have changed since the partition was found in the wrong place.
        if (map.OwnerOf(partition.Id, partition.PartitionCount, map.View) is not { } target || target == address.Silo
            || !_moving.TryAdd(partition.Id, true))
        {
            return false;
        }

        try
        {
            // 1. The other silo gets ready, while the partition is still served here.
            await address.On(grains, target).PrepareToOpenAsync(partition.Id).WaitAsync(cancellationToken);

            // 2. The grain ends its running calls, stops serving, closes the log and is activated over there.
            await partition.MoveAsync(target).WaitAsync(options.Value.PartitionCloseTimeout, time, cancellationToken);
            var unavailable = time.GetElapsedTime(partition.ClosedSince);

            // 3. This call follows it and returns when it is open. If the migration failed, it is what opens the partition again.
            var leader = await FindLeaderAsync(partition.Id, cancellationToken);
            if (leader.LeaderEpoch > partition.LeaderEpoch.Next())
            {
                // It was opened twice since, so it has moved on already, perhaps back to here.
                await recorder.MovedAwayAsync(partition.Id, target, reason, unavailable);
                return true;
            }

            if (leader.Silo == address.Silo)
            {
                PartitionCameBack(partition.Id, target);
                return false;
            }

            await recorder.MovedAwayAsync(partition.Id, leader.Silo, reason, time.GetElapsedTime(partition.ClosedSince));
            return true;
        }
        catch (Exception failure) when (failure is OrleansStreamException or TimeoutException or OrleansException)
        {
            // Whoever uses the partition next opens it at its owner; if it is still here, the next round tries again.
            PartitionNotMoved(partition.Id, target, failure);
            return false;
        }
        finally
        {
            _moving.TryRemove(partition.Id, out _);
        }
    }

    /// <summary>Asks again when no answer comes: a call that was under way to a silo as it stopped is answered by nobody.</summary>
    private async Task<PartitionLeader> FindLeaderAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await grains.GetGrain<IPartitionGrain>(partition.ToString()).GetLeaderAsync().WaitAsync(s_answerTimeout, time, cancellationToken);
            }
            catch (TimeoutException) when (attempt < AnswerAttempts)
            {
                // The next call goes where the partition is by then.
            }
        }
    }

    [LoggerMessage(LogEvents.PartitionNotMoved, LogLevel.Warning, "Partition {Partition} could not be moved to {Target}; it is tried again.")]
    private partial void PartitionNotMoved(PartitionId partition, SiloAddress target, Exception exception);

    [LoggerMessage(LogEvents.PartitionCameBack, LogLevel.Warning, "Partition {Partition} was to move to {Target} and opened here again; it is tried again.")]
    private partial void PartitionCameBack(PartitionId partition, SiloAddress target);

    [LoggerMessage(LogEvents.MoverRoundFailed, LogLevel.Error, "A look for partitions to move failed; the next one is made soon.")]
    private partial void RoundFailed(Exception exception);

    [LoggerMessage(LogEvents.SiloEvacuated, LogLevel.Information, "Gave {Moved} partitions to other silos in {Elapsed}; {Open} are left.")]
    private partial void Evacuated(int moved, TimeSpan elapsed, int open);
}
