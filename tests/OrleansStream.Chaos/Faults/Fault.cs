using OrleansStream.Chaos.Cluster;

namespace OrleansStream.Chaos.Faults;

/// <summary>A way to break a cluster, and to mend it again.</summary>
internal abstract class Fault(string name, string description, double shortestSeconds, double longestSeconds)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    /// <summary>Its name, and how long it lasts.</summary>
    public FaultKind Kind { get; } = new(name, TimeSpan.FromSeconds(shortestSeconds), TimeSpan.FromSeconds(longestSeconds));

    /// <summary>What it does, for people.</summary>
    public string Description { get; } = description;

    /// <summary>Why it cannot be done here; null when it can.</summary>
    public virtual string? Obstacle(ChaosCluster cluster) => null;

    /// <summary>Breaks something, waits, mends it.</summary>
    /// <param name="cluster">What to break.</param>
    /// <param name="step">What to break of it, and for how long.</param>
    /// <param name="tell">Takes a line for the history each time something was done.</param>
    public abstract Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell);

    /// <summary>Lets <paramref name="action"/> have a running silo that no other fault has in hand, as soon as there is one.</summary>
    protected static async Task WithSiloAsync(ChaosCluster cluster, FaultStep step, Action<string> tell, Func<SiloProcess, Task> action)
    {
        SiloProcess? silo;
        for (var waited = TimeSpan.Zero; !cluster.TryTake(step.Target, out silo); waited += s_poll)
        {
            if (waited > s_patience)
            {
                tell("skipped: no silo is free");
                return;
            }

            await Task.Delay(s_poll);
        }

        try
        {
            await action(silo);
        }
        finally
        {
            silo.IsTaken = false;
        }
    }
}
