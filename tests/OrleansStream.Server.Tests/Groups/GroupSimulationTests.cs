using System.Globalization;
using OrleansStream.Server.Tests.Groups.Simulation;
using Xunit.Sdk;

namespace OrleansStream.Server.Tests.Groups;

/// <summary>
/// Thousands of lives of a group. <c>ORLEANSSTREAM_SEEDS=first..last</c> chooses others, or a single one, in any number.
/// </summary>
public sealed class GroupSimulationTests
{
    private const string DefaultSeeds = "1..2000";

    [Fact]
    public void Whatever_is_lost_late_repeated_or_restarted_a_partition_has_one_owner_and_offsets_only_grow() => Run(SimulatedGroup.Run);

    [Fact]
    public void Classic_members_settle_with_one_owner_per_partition_and_notice_no_restart_of_their_coordinator() => Run(SimulatedClassicGroup.Run);

    private static void Run(Action<int> live)
    {
        var (first, last) = ParseSeeds(Environment.GetEnvironmentVariable("ORLEANSSTREAM_SEEDS") ?? DefaultSeeds);
        var failures = new List<(int Seed, XunitException Failure)>();

        // On this one thread: lives in parallel would take every thread of the pool from the silos of the tests beside this one.
        for (var seed = first; seed <= last; seed++)
        {
            try
            {
                live(seed);
            }
            catch (XunitException failure)
            {
                failures.Add((seed, failure));
            }
        }

        if (failures.Count > 0)
        {
            var (seed, failure) = failures.MinBy(failure => failure.Seed);
            Assert.Fail(
                $"{failures.Count} of {last - first + 1} seeds fail: {string.Join(", ", failures.Select(failed => failed.Seed).Order().Take(20))}. "
                + $"Replay one with ORLEANSSTREAM_SEEDS={seed}.\n{failure.Message}");
        }
    }

    private static (int First, int Last) ParseSeeds(string text)
    {
        var parts = text.Split("..");
        var first = int.Parse(parts[0], CultureInfo.InvariantCulture);
        return (first, parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : first);
    }
}
