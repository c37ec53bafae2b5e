using OrleansStream.Groups;

namespace OrleansStream.Dashboard.Watching;

/// <summary>A group with what only shows over time. Immutable.</summary>
/// <param name="Group">As it was described.</param>
/// <param name="Partitions">Its partitions, by topic and number.</param>
/// <param name="History">The last minutes, oldest first.</param>
public sealed record GroupView(GroupDescription Group, IReadOnlyList<GroupPartitionView> Partitions, IReadOnlyList<LagSample> History)
{
    /// <summary>Members commit every few seconds, so a rate of commits needs a longer look than that.</summary>
    private static readonly TimeSpan s_rateSpan = TimeSpan.FromSeconds(30);

    /// <summary>Below this nothing is said about rates.</summary>
    private static readonly TimeSpan s_leastSpan = TimeSpan.FromSeconds(6);

    private const int MaxSamples = 150;

    /// <summary>Records still to be consumed.</summary>
    public long Lag => GroupsView.TotalLag(Group.Offsets);

    /// <summary>How old the next record is in the partition that is furthest behind in time; null when nobody can tell.</summary>
    public TimeSpan? LagTime => Partitions.Max(partition => partition.Late?.By);

    /// <summary>Records consumed per second; null before it is known.</summary>
    public double? Consumed => Partitions.Any(partition => partition.Consumed is not null) ? Partitions.Sum(partition => partition.Consumed ?? 0) : null;

    /// <summary>Records produced per second to the group's partitions.</summary>
    public double? Produced => Partitions.Any(partition => partition.Produced is not null) ? Partitions.Sum(partition => partition.Produced ?? 0) : null;

    /// <summary>
    /// When the group will have caught up: with its slowest partition, whatever the others do. Null when it is not known yet;
    /// <see cref="Timeout.InfiniteTimeSpan"/> when it falls behind.
    /// </summary>
    public TimeSpan? CatchUp
    {
        get
        {
            var lagging = Partitions.Where(partition => partition.Partition.Lag > 0).Select(partition => partition.CatchUp).ToList();
            return lagging.Count == 0 ? TimeSpan.Zero
                : lagging.Contains(Timeout.InfiniteTimeSpan) ? Timeout.InfiniteTimeSpan
                : lagging.Contains(null) ? null
                : lagging.Max();
        }
    }

    /// <param name="previous">The view before; null for the first.</param>
    /// <param name="group">What was read.</param>
    /// <param name="late">How late the group is in each partition, where that is known.</param>
    /// <param name="at">When.</param>
    public static GroupView Next(GroupView? previous, GroupDescription group, IReadOnlyDictionary<TopicPartition, Lateness> late, DateTimeOffset at)
    {
        var positions = group.Offsets.ToDictionary(
            partition => partition.TopicPartition, partition => (partition.CommittedOffset.Value, partition.HighWatermark.Value));
        var history = (previous?.History ?? []).TakeLast(MaxSamples - 1).ToList();
        var from = history.FirstOrDefault(sample => at - sample.At <= s_rateSpan && at - sample.At >= s_leastSpan);
        var partitions = group.Offsets.Select(partition => View(partition, from, late.GetValueOrDefault(partition.TopicPartition), at)).ToList();
        history.Add(new LagSample(at, GroupsView.TotalLag(group.Offsets), positions));
        return new GroupView(group, partitions, history);
    }

    private static GroupPartitionView View(GroupPartition partition, LagSample? from, Lateness? late, DateTimeOffset at)
    {
        if (from is null || !from.Positions.TryGetValue(partition.TopicPartition, out var before) || before.Committed < 0 || before.End < 0)
        {
            return new GroupPartitionView(partition, late, null, null, partition.Lag > 0 ? null : TimeSpan.Zero);
        }

        var seconds = (at - from.At).TotalSeconds;
        var consumed = Math.Max(0, partition.CommittedOffset.Value - before.Committed) / seconds;
        var produced = Math.Max(0, partition.HighWatermark.Value - before.End) / seconds;
        TimeSpan? catchUp = partition.Lag <= 0 ? TimeSpan.Zero
            : consumed <= produced ? Timeout.InfiniteTimeSpan
            : TimeSpan.FromSeconds(Math.Min(partition.Lag / (consumed - produced), TimeSpan.FromDays(365).TotalSeconds));
        return new GroupPartitionView(partition, late, consumed, produced, catchUp);
    }
}

/// <summary>How far a group has come in a partition, and how fast it goes on.</summary>
/// <param name="Partition">As it was described.</param>
/// <param name="Late">How late it is; null when that is not known.</param>
/// <param name="Consumed">Records per second that it commits; null when not known yet.</param>
/// <param name="Produced">Records per second that come in.</param>
/// <param name="CatchUp">See <see cref="GroupView.CatchUp"/>.</param>
public sealed record GroupPartitionView(GroupPartition Partition, Lateness? Late, double? Consumed, double? Produced, TimeSpan? CatchUp);

/// <summary>How old the next record to consume is.</summary>
/// <param name="Offset">The record.</param>
/// <param name="Time">Its time; null when nothing is left to consume.</param>
/// <param name="By">Its age.</param>
public sealed record Lateness(long Offset, DateTimeOffset? Time, TimeSpan By);

/// <summary>A group's lag at one moment.</summary>
public sealed record LagSample(DateTimeOffset At, long Lag, IReadOnlyDictionary<TopicPartition, (long Committed, long End)> Positions);
