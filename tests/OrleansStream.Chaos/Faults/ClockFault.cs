using OrleansStream.Chaos.Cluster;

namespace OrleansStream.Chaos.Faults;

/// <summary>
/// Moves the wall clock of one silo, through a library (libfaketime) that is loaded into its process; the monotonic clock goes on
/// as it was, as it does on a machine whose clock is set.
/// </summary>
internal sealed class ClockFault() : Fault("clock", "the wall clock of a silo jumps, forwards or backwards, and back again", 3, 8)
{
    private const int MostSeconds = 120;

    public override string? Obstacle(ChaosCluster cluster) => cluster.ClockLibrary is null
        ? "libfaketime is not installed, and moving the machine's own clock would move everybody's"
        : null;

    public override Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell) => WithSiloAsync(cluster, step, tell, async silo =>
    {
        var random = new Random(step.Target);
        var seconds = random.Next(1, MostSeconds) * (random.Next(2) == 0 ? 1 : -1);
        await cluster.SetClockAsync(silo, seconds);
        tell($"{silo.Name}'s clock is {seconds} s off");
        await Task.Delay(step.Duration);
        await cluster.SetClockAsync(silo, 0);
        tell($"{silo.Name}'s clock is right");
        await cluster.ReviveAsync(silo, tell);
    });
}
