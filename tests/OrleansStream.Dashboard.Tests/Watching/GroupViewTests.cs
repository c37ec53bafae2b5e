using OrleansStream.Dashboard.Watching;
using OrleansStream.Groups;

namespace OrleansStream.Dashboard.Tests.Watching;

public sealed class GroupViewTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_group_has_caught_up_when_its_slowest_partition_has()
    {
        var first = Next(null, 0, (0, 1000), (0, 1000));

        // Partition 0 is done in ten seconds; partition 1 has more and goes slower, while records come in.
        var second = Next(first, 10, (500, 1000), (200, 1100));

        Assert.Equal(50, second.Partitions[0].Consumed);
        Assert.Equal(TimeSpan.FromSeconds(10), second.Partitions[0].CatchUp);
        Assert.Equal((20, 10), (second.Partitions[1].Consumed, second.Partitions[1].Produced));
        Assert.Equal(TimeSpan.FromSeconds(90), second.CatchUp);
        Assert.Equal(1400, second.Lag);
    }

    [Fact]
    public void One_partition_that_falls_behind_is_never_caught_up()
    {
        var second = Next(Next(null, 0, (0, 1000), (0, 1000)), 10, (990, 1000), (10, 2000));

        Assert.Equal(Timeout.InfiniteTimeSpan, second.CatchUp);
    }

    [Fact]
    public void Nothing_is_said_of_rates_before_members_had_the_time_to_commit()
    {
        var second = Next(Next(null, 0, (0, 1000)), 2, (100, 1000));

        Assert.Null(second.Consumed);
        Assert.Null(second.CatchUp);
        Assert.Equal(2, second.History.Count);
    }

    [Fact]
    public void Without_lag_it_is_caught_up_at_once()
    {
        Assert.Equal(TimeSpan.Zero, Next(null, 0, (1000, 1000)).CatchUp);
    }

    private static GroupView Next(GroupView? previous, double seconds, params (long Committed, long End)[] partitions)
    {
        var group = new GroupDescription("g", GroupState.Stable, new Generation(1), [], [.. partitions.Select((partition, number) => new GroupPartition(
            new TopicPartition("t", number), new Offset(partition.Committed), "", Offset.Zero, new Offset(partition.End), null))]);
        return GroupView.Next(previous, group, new Dictionary<TopicPartition, Lateness>(), s_start.AddSeconds(seconds));
    }
}
