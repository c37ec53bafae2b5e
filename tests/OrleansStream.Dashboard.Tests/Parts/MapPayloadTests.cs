using OrleansStream.Dashboard.Parts;
using OrleansStream.Dashboard.Watching;
using OrleansStream.Placement;
using static OrleansStream.Dashboard.Tests.Watching.Snapshots;

namespace OrleansStream.Dashboard.Tests.Parts;

public sealed class MapPayloadTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_structure_changes_when_something_moves_and_not_when_something_is_produced()
    {
        var first = ClusterViews.Next(null, Of(Silo(1, 1, [(0, 1, 0, 0), (1, 1, 0, 0)]), Silo(2, 1, [])), s_start);
        var busy = ClusterViews.Next(first, Of(Silo(1, 2, [(0, 1, 900, 90_000), (1, 1, 0, 0)]), Silo(2, 2, [])), s_start.AddSeconds(1));
        var moved = ClusterViews.Next(busy, Of(Silo(1, 3, [(0, 1, 900, 90_000)]), Silo(2, 3, [(1, 2, 0, 0)])), s_start.AddSeconds(2));

        Assert.True(MapStructure.Of(busy).IsSameAs(MapStructure.Of(first)));
        Assert.False(MapStructure.Of(moved).IsSameAs(MapStructure.Of(busy)));
        Assert.Equal([0, 1], MapStructure.Of(moved).Silo);
        Assert.Equal([0, 1], MapStructure.Of(moved).Number);
    }

    [Fact]
    public void Busier_partitions_are_shaded_more()
    {
        var first = ClusterViews.Next(null, Of(Silo(1, 1, [(0, 1, 0, 0), (1, 1, 0, 0), (2, 1, 0, 0)])), s_start);
        var busy = ClusterViews.Next(first, Of(Silo(1, 2, [(0, 1, 0, 0), (1, 1, 10, 10_000), (2, 1, 1000, 50_000_000)])), s_start.AddSeconds(1));

        var levels = MapLevels.Of(busy.Partitions);

        Assert.Equal((0, MapLevels.Max), (levels[0], levels[2]));
        Assert.InRange(levels[1], 1, MapLevels.Max - 1);
    }

    [Fact]
    public void Moves_of_one_event_are_told_together()
    {
        var moves = new[]
        {
            Move(5, MoveReason.Failed, 10, 900, s_start), Move(4, MoveReason.Joined, 11, 9, s_start),
            Move(3, MoveReason.Joined, 12, 12, s_start), Move(2, MoveReason.Joined, 300, 15, s_start),
        };

        var groups = MoveGroup.Of(moves);

        Assert.Equal([(MoveReason.Failed, 1), (MoveReason.Joined, 2), (MoveReason.Joined, 1)], groups.Select(group => (group.Reason, group.Moves.Count)));
        Assert.Equal((9, 12), (groups[1].Shortest.TotalMilliseconds, groups[1].Longest.TotalMilliseconds));
    }
}
