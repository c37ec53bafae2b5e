using OrleansStream.Dashboard.Watching;
using OrleansStream.Monitoring;
using static OrleansStream.Dashboard.Tests.Watching.Snapshots;

namespace OrleansStream.Dashboard.Tests.Watching;

public sealed class ClusterViewsTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Rates_are_differences_of_snapshots()
    {
        var first = ClusterViews.Next(null, Of(Silo(1, 10, [(0, 1, 100, 1000)])), s_start);

        var second = ClusterViews.Next(first, Of(Silo(1, 12, [(0, 1, 300, 5000)], ackMs: [1, 1, 1, 40])), s_start.AddSeconds(2));

        Assert.Equal((0, 0), (first.Total.ProducedBytes, first.Partitions[0].ProducedRecords));
        Assert.Empty(first.History);
        Assert.Equal((2000, 100), (second.Total.ProducedBytes, second.Total.ProducedRecords));
        Assert.Equal((2000, 100), (second.Partitions[0].ProducedBytes, second.Partitions[0].ProducedRecords));
        Assert.Equal((1, 0.5), (second.Total.Errors, second.Total.Processors));
        Assert.InRange(second.Total.AckP50!.Value.TotalMilliseconds, 1, 1.2);
        Assert.InRange(second.Total.AckP99!.Value.TotalMilliseconds, 40, 48);
        Assert.Single(second.History);
    }

    [Fact]
    public void Offsets_go_on_over_a_move_and_bytes_begin_anew()
    {
        var first = ClusterViews.Next(null, Of(Silo(1, 10, [(0, 1, 100, 1_000_000)]), Silo(2, 10, [])), s_start);

        var second = ClusterViews.Next(first, Of(Silo(1, 11, []), Silo(2, 11, [(0, 2, 150, 700)])), s_start.AddSeconds(1));

        var partition = Assert.Single(second.Partitions);
        Assert.Equal(("10.0.0.2:11111@1", 2), (partition.Silo, partition.LeaderEpoch));
        Assert.Equal((50, 700), (partition.ProducedRecords, partition.ProducedBytes));
    }

    [Fact]
    public void A_partition_that_two_silos_have_is_shown_where_the_later_epoch_is()
    {
        var view = ClusterViews.Next(null, Of(Silo(1, 1, [(0, 3, 10, 10)]), Silo(2, 1, [(0, 2, 9, 9)])), s_start);

        Assert.Equal("10.0.0.1:11111@1", Assert.Single(view.Partitions).Silo);
    }

    [Fact]
    public void A_silo_that_does_not_answer_keeps_what_it_had_until_somebody_else_has_it_and_is_then_dead()
    {
        var well = ClusterViews.Next(null, Of(Silo(1, 1, [(0, 1, 10, 10), (1, 1, 10, 10)]), Silo(2, 1, [])), s_start);

        var silent = ClusterViews.Next(
            well, Of(Silo(1, 0, [], SiloCondition.Suspected), Silo(2, 2, [(1, 2, 10, 10)])), s_start.AddSeconds(1));
        var dead = ClusterViews.Next(silent, Of(Silo(2, 3, [(1, 2, 10, 10)])), s_start.AddSeconds(2));
        var forgotten = ClusterViews.Next(dead, Of(Silo(2, 90, [(1, 2, 10, 10)])), s_start.AddSeconds(2) + ClusterViews.GoneMemory);

        Assert.Equal([false, true], silent.Partitions.Select(partition => partition.IsCertain));
        Assert.Equal("10.0.0.1:11111@1", silent.Partitions[0].Silo);
        Assert.Equal([SiloState.Suspected, SiloState.Active], silent.Silos.Select(silo => silo.State));
        Assert.Equal([SiloState.Dead, SiloState.Active], dead.Silos.Select(silo => silo.State));
        Assert.Single(dead.Partitions);
        Assert.Single(forgotten.Silos);
    }

    [Fact]
    public void A_silo_that_stopped_in_good_order_has_left()
    {
        var stopping = ClusterViews.Next(null, Of(Silo(1, 1, [], SiloCondition.Stopping), Silo(2, 1, [])), s_start);

        var view = ClusterViews.Next(stopping, Of(Silo(2, 2, [])), s_start.AddSeconds(1));

        Assert.Equal(SiloState.Left, view.Silos[0].State);
    }

    [Fact]
    public void A_silo_that_came_back_on_its_address_is_another_one()
    {
        var before = ClusterViews.Next(null, Of(Silo(1, 100, [(0, 1, 10, 5000)])), s_start);

        var after = ClusterViews.Next(before, Of(Silo(1, 1, [(0, 2, 10, 10)], generation: 2)), s_start.AddSeconds(1));

        Assert.Equal([SiloState.Dead, SiloState.Active], after.Silos.Select(silo => silo.State));
        Assert.Equal(0, after.Total.ProducedBytes);
    }

    [Fact]
    public void Ten_thousand_partitions_are_a_matter_of_milliseconds()
    {
        (int, int, long, long)[] many = [.. Enumerable.Range(0, 200).Select(number => (number, 1, 10L, 10L))];
        SiloSnapshot[] silos = [.. Enumerable.Range(1, 50).Select(silo => Silo(silo, 1, [.. many.Select(one => (one.Item1 + (silo * 200), 1, 10L, 10L))]))];
        var view = ClusterViews.Next(null, Of(silos), s_start);
        var watch = System.Diagnostics.Stopwatch.StartNew();

        var next = ClusterViews.Next(view, Of(silos), s_start.AddSeconds(1));

        Assert.Equal(10_000, next.Partitions.Count);
        Assert.True(watch.ElapsedMilliseconds < 500, $"{watch.ElapsedMilliseconds} ms");
    }
}
