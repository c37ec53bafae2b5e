using OrleansStream.Monitoring;
using OrleansStream.Placement;

namespace OrleansStream.Dashboard.Tests.Watching;

/// <summary>Makes snapshots of clusters that are not there.</summary>
internal static class Snapshots
{
    public static readonly Guid Orders = Guid.Parse("00000000-0000-0000-0000-0000000000aa");

    public static ClusterSnapshot Of(params SiloSnapshot[] silos) => new(silos, [], []);

    /// <summary>A silo with partitions, each with an epoch, a high watermark and bytes produced.</summary>
    public static SiloSnapshot Silo(
        int number, double clock, (int Number, int Epoch, long End, long Bytes)[] partitions, SiloCondition condition = SiloCondition.Active, int generation = 1, params int[] ackMs)
    {
        var acks = new long[LatencyBuckets.Count];
        foreach (var milliseconds in ackMs)
        {
            acks[LatencyBuckets.IndexOf(TimeSpan.FromMilliseconds(milliseconds))]++;
        }

        var columns = new PartitionColumns(
            new int[partitions.Length],
            [.. partitions.Select(partition => partition.Number)],
            [.. partitions.Select(partition => partition.Epoch)],
            new long[partitions.Length],
            [.. partitions.Select(partition => partition.End)],
            [.. partitions.Select(partition => partition.Bytes)],
            [.. partitions.Select(_ => 1)],
            [.. partitions.Select(partition => partition.Bytes)],
            new long[partitions.Length]);
        var counters = new SiloCounters(
            partitions.Sum(partition => partition.Bytes), 0, partitions.Sum(partition => partition.End), 0, [new ErrorCount(ErrorCode.Throttled, (long)clock)],
            acks, 0, TimeSpan.FromSeconds(clock / 2), 1000);
        return new SiloSnapshot(
            $"silo-{number}", $"10.0.0.{number}:11111", generation, condition,
            condition == SiloCondition.Suspected
                ? null
                : new SiloReport(DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(clock), "gateway", null, counters, partitions.Length, [new OpenTopic(Orders, "orders")], columns));
    }

    public static PartitionMove Move(long number, MoveReason reason, double secondsAgo, double awayMs, DateTimeOffset now) => new(
        number, new PartitionId(Orders, (int)number), "10.0.0.1:11111", "10.0.0.2:11111", reason, TimeSpan.FromMilliseconds(awayMs), now - TimeSpan.FromSeconds(secondsAgo), "orders");
}
