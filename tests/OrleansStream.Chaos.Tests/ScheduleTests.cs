using OrleansStream.Chaos.Faults;

namespace OrleansStream.Chaos.Tests;

public class ScheduleTests
{
    private static readonly FaultKind[] s_faults =
    [
        new("kill", TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(6)), new("freeze", TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(9)),
        new("failover", TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(3)),
    ];

    [Fact]
    public void Equal_seeds_make_equal_schedules_and_others_do_not()
    {
        var schedule = Schedule.Create(42, s_faults, TimeSpan.FromMinutes(1));

        Assert.Equal(schedule, Schedule.Create(42, s_faults, TimeSpan.FromMinutes(1)));
        Assert.NotEqual(schedule, Schedule.Create(43, s_faults, TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void Every_fault_has_its_turn_within_the_time_and_lasts_as_long_as_it_may()
    {
        var duration = TimeSpan.FromMinutes(1);

        foreach (var seed in Enumerable.Range(1, 100))
        {
            var schedule = Schedule.Create(seed, s_faults, duration);

            Assert.Equal(s_faults.Select(f => f.Name).Order(), schedule.Select(s => s.Fault).Distinct().Order());
            Assert.All(schedule, step =>
            {
                var kind = s_faults.Single(fault => fault.Name == step.Fault);
                Assert.InRange(step.At, TimeSpan.Zero, duration);
                Assert.InRange(step.Duration, kind.Shortest, kind.Longest);
            });
        }
    }

    [Fact]
    public void Without_faults_nothing_breaks() => Assert.Empty(Schedule.Create(1, [], TimeSpan.FromMinutes(1)));
}
