using OrleansStream.Chaos.Cluster;

namespace OrleansStream.Chaos.Faults;

/// <summary>kill -9, and a new start.</summary>
internal sealed class KillFault() : Fault("kill", "a silo is killed with signal 9 and started again", 0.5, 6)
{
    public override Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell) => WithSiloAsync(cluster, step, tell, async silo =>
    {
        await silo.KillAsync();
        tell($"{silo.Name} killed");
        await Task.Delay(step.Duration);
        await cluster.StartAgainAsync(silo, tell);
    });
}

/// <summary>SIGTERM, and a new start.</summary>
internal sealed class StopFault() : Fault("stop", "a silo is stopped gracefully and started again", 0.5, 4)
{
    public override Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell) => WithSiloAsync(cluster, step, tell, async silo =>
    {
        await cluster.StopAsync(silo, tell);
        await Task.Delay(step.Duration);
        await cluster.StartAgainAsync(silo, tell);
    });
}

/// <summary>SIGSTOP for longer than it takes the others to declare a silo dead, then SIGCONT: a zombie, which must acknowledge nothing.</summary>
internal sealed class FreezeFault() : Fault("freeze", "a silo's process is frozen for longer than failure detection takes, and thawed", 4, 9)
{
    public override Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell) => WithSiloAsync(cluster, step, tell, async silo =>
    {
        silo.Freeze();
        tell($"{silo.Name} frozen");
        await Task.Delay(step.Duration);
        silo.Thaw();
        tell($"{silo.Name} thawed");
        await cluster.ReviveAsync(silo, tell);
    });
}

/// <summary>One more silo for a while.</summary>
internal sealed class ScaleFault() : Fault("scale", "a silo is added, and later removed gracefully", 4, 12)
{
    public override string? Obstacle(ChaosCluster cluster) => cluster.Database is null ? "silos can be added on PostgreSQL only" : null;

    public override async Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell)
    {
        var silo = await cluster.AddSiloAsync();
        silo.IsTaken = true;
        await cluster.StartAgainAsync(silo, tell);
        await Task.Delay(step.Duration);
        await cluster.StopAsync(silo, tell);
        await cluster.RemoveSiloAsync(silo);
    }
}

/// <summary>A small share of one core, by a cgroup.</summary>
internal sealed class CpuFault() : Fault("cpu", "a silo gets a fifth of a core", 3, 8)
{
    private const string Root = "/sys/fs/cgroup/cpu";
    private const int PeriodMicros = 100_000;
    private const int QuotaMicros = 20_000;

    public override string? Obstacle(ChaosCluster cluster) => !Environment.IsPrivilegedProcess ? "only root can set CPU shares"
        : !File.Exists(Path.Combine(Root, "cpu.shares")) ? "there is no cgroup v1 CPU controller"
        : null;

    public override Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell) => WithSiloAsync(cluster, step, tell, async silo =>
    {
        var group = Path.Combine(Root, $"orleansstream-chaos-{Environment.ProcessId}-{silo.Name}");
        Directory.CreateDirectory(group);
        try
        {
            await File.WriteAllTextAsync(Path.Combine(group, "cpu.cfs_period_us"), $"{PeriodMicros}");
            await File.WriteAllTextAsync(Path.Combine(group, "cpu.cfs_quota_us"), $"{QuotaMicros}");
            await File.WriteAllTextAsync(Path.Combine(group, "cgroup.procs"), $"{silo.ProcessId}");
            tell($"{silo.Name} slowed down");
            await Task.Delay(step.Duration);
        }
        finally
        {
            if (silo.IsRunning)
            {
                await File.WriteAllTextAsync(Path.Combine(Root, "cgroup.procs"), $"{silo.ProcessId}");
            }

            Directory.Delete(group);
        }

        tell($"{silo.Name} at full speed");
        await cluster.ReviveAsync(silo, tell);
    });
}
