using System.Collections.Concurrent;
using System.Globalization;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace OrleansStream.Storage.Tests.Simulation;

/// <summary>
/// Ten thousand lives of a log. <c>ORLEANSSTREAM_SEEDS=first..last</c> chooses others, or a single one, in any number.
/// </summary>
public sealed class LogSimulationTests(ITestOutputHelper output)
{
    private const string DefaultSeeds = "1..10000";

    [Fact]
    public async Task No_crash_breaks_an_invariant()
    {
        var (first, last) = ParseSeeds(Environment.GetEnvironmentVariable("ORLEANSSTREAM_SEEDS") ?? DefaultSeeds);
        var failures = new ConcurrentBag<(int Seed, Exception Failure)>();
        long checks = 0;
        await Parallel.ForEachAsync(Enumerable.Range(first, last - first + 1), async (seed, _) =>
        {
            var simulation = new LogSimulation(seed);
            try
            {
                await simulation.RunAsync();
            }
            catch (XunitException failure)
            {
                failures.Add((seed, failure));
            }

            Interlocked.Add(ref checks, simulation.Checks);
        });

        output.WriteLine($"Seeds {first} to {last}: the log was compared {checks} times.");
        if (!failures.IsEmpty)
        {
            var (seed, failure) = failures.MinBy(failure => failure.Seed);
            Assert.Fail(
                $"{failures.Count} of {last - first + 1} seeds fail: {string.Join(", ", failures.Select(failed => failed.Seed).Order().Take(20))}. "
                + $"Replay one with ORLEANSSTREAM_SEEDS={seed}.\nSeed {seed}: {failure.Message}");
        }
    }

    private static (int First, int Last) ParseSeeds(string text)
    {
        var parts = text.Split("..");
        var first = int.Parse(parts[0], CultureInfo.InvariantCulture);
        return (first, parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : first);
    }
}
