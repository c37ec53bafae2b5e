using OrleansStream.Chaos.Cluster;

namespace OrleansStream.Chaos.Faults;

/// <summary>Something that happens to the database; one at a time.</summary>
internal abstract class DatabaseFault(string name, string description, double shortestSeconds, double longestSeconds)
    : Fault(name, description, shortestSeconds, longestSeconds)
{
    public override string? Obstacle(ChaosCluster cluster) => cluster.Database is null ? "there is no database" : null;

    public sealed override async Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell)
    {
        var database = cluster.Database!;
        if (database.IsTaken)
        {
            tell("skipped: the database is not free");
            return;
        }

        database.IsTaken = true;
        try
        {
            await RunAsync(database, step, tell);
        }
        finally
        {
            database.IsTaken = false;
        }
    }

    protected abstract Task RunAsync(ChaosDatabase database, FaultStep step, Action<string> tell);
}

internal sealed class DatabaseRestartFault() : DatabaseFault("db-restart", "PostgreSQL is stopped (fast) and started again", 0.2, 4)
{
    protected override async Task RunAsync(ChaosDatabase database, FaultStep step, Action<string> tell)
    {
        await database.Primary.StopAsync();
        tell("PostgreSQL stopped");
        await Task.Delay(step.Duration);
        await database.Primary.StartAsync();
        tell("PostgreSQL started");
    }
}

internal sealed class DatabaseCrashFault() : DatabaseFault("db-crash", "PostgreSQL is killed with signal 9 and started again", 0.2, 4)
{
    protected override async Task RunAsync(ChaosDatabase database, FaultStep step, Action<string> tell)
    {
        await database.Primary.KillAsync();
        tell("PostgreSQL killed");
        await Task.Delay(step.Duration);
        await database.Primary.StartAsync();
        tell("PostgreSQL started");
    }
}

internal sealed class FailoverFault() : DatabaseFault("failover", "PostgreSQL is killed and its synchronous standby promoted", 0.2, 3)
{
    protected override async Task RunAsync(ChaosDatabase database, FaultStep step, Action<string> tell)
    {
        if (!await database.IsStandbyInStepAsync())
        {
            tell("skipped: the standby is not in step");
            return;
        }

        await database.Primary.KillAsync();
        tell("the primary killed");
        await Task.Delay(step.Duration);
        await database.PromoteStandbyAsync();
        tell("the standby promoted");
        await database.AttachStandbyAsync();
        tell("a new standby in step");
    }
}

internal sealed class CutConnectionsFault() : DatabaseFault("db-cut", "connections to PostgreSQL are cut, again and again", 1, 4)
{
    private const int MaxPercent = 100;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    protected override async Task RunAsync(ChaosDatabase database, FaultStep step, Action<string> tell)
    {
        var random = new Random(step.Target);
        var cut = 0;
        for (var left = step.Duration; left > TimeSpan.Zero; left -= s_pause)
        {
            cut += await database.TerminateSessionsAsync(random.Next(MaxPercent));
            await Task.Delay(s_pause);
        }

        tell($"{cut} connections cut");
    }
}

/// <summary>What a disk that stalls does to a database: nothing goes on, and nothing breaks off.</summary>
internal sealed class DatabaseStallFault() : DatabaseFault("db-stall", "PostgreSQL's processes are frozen again and again, as a stalling disk does", 2, 6)
{
    private const int ShortestMs = 50;
    private const int LongestStallMs = 1500;
    private const int LongestRunMs = 500;

    protected override async Task RunAsync(ChaosDatabase database, FaultStep step, Action<string> tell)
    {
        var random = new Random(step.Target);
        var stalls = 0;
        for (var left = step.Duration; left > TimeSpan.Zero; stalls++)
        {
            var frozen = TimeSpan.FromMilliseconds(random.Next(ShortestMs, LongestStallMs));
            var running = TimeSpan.FromMilliseconds(random.Next(ShortestMs, LongestRunMs));
            database.Primary.Freeze();
            await Task.Delay(frozen);
            database.Primary.Thaw();
            await Task.Delay(running);
            left -= frozen + running;
        }

        tell($"PostgreSQL stalled {stalls} times");
    }
}
