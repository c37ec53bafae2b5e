using OrleansStream.Chaos.Cluster;

namespace OrleansStream.Chaos.Faults;

/// <summary>Every fault there is.</summary>
internal static class FaultCatalog
{
    public static IReadOnlyList<Fault> All { get; } =
    [
        new KillFault(), new StopFault(), new FreezeFault(), new ScaleFault(), new CpuFault(), new ClockFault(),
        new DatabaseRestartFault(), new DatabaseCrashFault(), new FailoverFault(), new CutConnectionsFault(), new DatabaseStallFault(),
        new LogDatabaseHangFault(), new LogDatabaseRestartFault(), new LogDatabaseCrashFault(),
        new IsolateFault(), new DatabaseLinkFault(), new SiloLinkFault(),
    ];

    /// <summary>The faults of a run: those that were asked for, or all, as far as they can be done here.</summary>
    /// <exception cref="FormatException">A name is not known.</exception>
    public static IReadOnlyList<Fault> Choose(IReadOnlyList<string>? names, ChaosCluster cluster)
    {
        var wanted = names is null ? All : [.. names.Select(Find)];
        return [.. wanted.Where(fault => fault.Obstacle(cluster) is null)];
    }

    private static Fault Find(string name) => All.FirstOrDefault(fault => fault.Kind.Name == name)
        ?? throw new FormatException($"There is no fault '{name}'. There are: {string.Join(", ", All.Select(fault => fault.Kind.Name))}.");
}
