using Microsoft.Extensions.Logging;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Placement;

namespace OrleansStream.Server.Groups;

/// <summary>
/// Gives the groups that are coordinated on this silo to others when it stops or was drained, while it can still answer: their
/// members, who would find nobody until the silo is gone, notice a call that takes a little longer. Everything that a coordinator
/// knows of its members is in the store, so that is all.
/// </summary>
internal sealed partial class GroupHandover(GroupTable table, PlacementMap map, EndpointAddress address, TimeProvider time, ILogger<GroupHandover> logger)
{
    private const int AtOnce = 16;

    /// <summary>A silo that stops looks this often whether a call that was on its way has activated a group here again.</summary>
    private const int Looks = 3;

    /// <summary>Longer than the calls that a coordinator finishes first.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Gives away what does not belong on this silo; completes at once while it may coordinate groups.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var moved = 0;
        for (var look = 1; look <= Looks && table.All is { Count: > 0 } groups && !map.View.Owners.Contains(address.Silo); look++)
        {
            if (look > 1)
            {
                await Task.Delay(s_pause, time, CancellationToken.None);
            }

            moved += await MoveAsync(groups, cancellationToken);
        }

        if (moved > 0)
        {
            GroupsHandedOver(moved, time.GetElapsedTime(start), table.All.Count);
        }
    }

    private async Task<int> MoveAsync(IReadOnlyCollection<ICoordinatingGrain> groups, CancellationToken cancellationToken)
    {
        var moved = 0;
        try
        {
            await Parallel.ForEachAsync(groups, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (group, token) =>
            {
                if (GroupPlacementDirector.Choose(group.GroupId, map.View.Owners) is not { } target || target == address.Silo)
                {
                    return;
                }

                try
                {
                    await group.MoveAsync(target).WaitAsync(s_patience, time, token);
                    Interlocked.Increment(ref moved);
                }
                catch (TimeoutException late)
                {
                    GroupNotHandedOver(group.GroupId, target, late);
                }
            });
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The time is over. Whoever calls next activates what is left elsewhere, when this silo is gone.
        }

        return moved;
    }

    [LoggerMessage(LogEvents.GroupsHandedOver, LogLevel.Information, "Handed {Moved} groups over to other silos in {Elapsed}; {Left} are left.")]
    private partial void GroupsHandedOver(int moved, TimeSpan elapsed, int left);

    [LoggerMessage(LogEvents.GroupNotHandedOver, LogLevel.Warning, "Group {Group} was not handed over to {Target} in time.")]
    private partial void GroupNotHandedOver(string group, SiloAddress target, Exception exception);
}
