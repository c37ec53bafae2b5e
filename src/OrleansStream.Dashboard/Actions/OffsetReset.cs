using OrleansStream.Client.Administration;
using OrleansStream.Groups;

namespace OrleansStream.Dashboard.Actions;

/// <summary>Where a group's offsets are to be set.</summary>
public enum ResetTo
{
    Beginning,
    End,
    Offset,
    Time,
}

/// <summary>What somebody asks for.</summary>
/// <param name="Group">The group.</param>
/// <param name="Topic">The topic; null for all that the group has offsets for.</param>
/// <param name="Partition">The partition; null for all.</param>
/// <param name="To">Where to.</param>
/// <param name="Offset">With <see cref="ResetTo.Offset"/>.</param>
/// <param name="Time">With <see cref="ResetTo.Time"/>.</param>
internal sealed record ResetRequest(string Group, string? Topic, int? Partition, ResetTo To, long Offset, DateTimeOffset Time);

/// <summary>What resetting does to one partition.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Committed">What is committed now; -1 for nothing.</param>
/// <param name="New">What will be.</param>
/// <param name="Lag">How far behind the group will be.</param>
internal sealed record OffsetChange(TopicPartition Partition, long Committed, long New, long Lag)
{
    /// <summary>Records that will be consumed again, or, below zero, passed over.</summary>
    public long Again => Committed < 0 ? 0 : Committed - New;
}

/// <summary>Finds out what a reset changes, before it changes anything. What is shown is what will be committed.</summary>
internal static class OffsetReset
{
    private const int AtOnce = 32;

    public static async Task<IReadOnlyList<OffsetChange>> PlanAsync(IAdminClient admin, ResetRequest request, CancellationToken stop)
    {
        var group = await admin.DescribeGroupAsync(request.Group, stop).ConfigureAwait(false);
        var changes = new List<OffsetChange>();
        var wanted = group.Offsets.Where(partition => (request.Topic is null || partition.TopicPartition.Topic == request.Topic)
            && (request.Partition is null || partition.TopicPartition.Partition == request.Partition));
        foreach (var chunk in wanted.Chunk(AtOnce))
        {
            changes.AddRange(await Task.WhenAll(chunk.Select(partition => PlanAsync(admin, partition, request, stop))).ConfigureAwait(false));
        }

        return changes;
    }

    public static IReadOnlyCollection<CommittedOffset> ToCommit(IEnumerable<OffsetChange> changes) =>
        [.. changes.Where(change => change.New != change.Committed).Select(change => new CommittedOffset(change.Partition, new Offset(change.New), "", LeaderEpoch.None))];

    private static async Task<OffsetChange> PlanAsync(IAdminClient admin, GroupPartition partition, ResetRequest request, CancellationToken stop)
    {
        var name = partition.TopicPartition;
        var beginning = (await admin.FindBeginningAsync(name, stop).ConfigureAwait(false)).Value;
        var end = (await admin.FindEndAsync(name, stop).ConfigureAwait(false)).Value;
        var target = request.To switch
        {
            ResetTo.Beginning => beginning,
            ResetTo.End => end,
            ResetTo.Offset => Math.Clamp(request.Offset, beginning, end),
            _ => (await admin.FindOffsetAsync(name, request.Time, stop).ConfigureAwait(false))?.Value ?? end,
        };
        return new OffsetChange(name, partition.CommittedOffset.Value, target, end - target);
    }
}
