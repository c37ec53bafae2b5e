using OrleansStream.Chaos.Cluster;

namespace OrleansStream.Chaos.Faults;

/// <summary>Something that happens to the database that holds some of the logs; one at a time, beside what happens to the other one.</summary>
internal abstract class LogDatabaseFault(string name, string description, double shortestSeconds, double longestSeconds)
    : Fault(name, description, shortestSeconds, longestSeconds)
{
    public override string? Obstacle(ChaosCluster cluster) => cluster.LogDatabase is null ? "there is no second database" : null;

    public sealed override async Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell)
    {
        var database = cluster.LogDatabase!;
        if (database.IsTaken)
        {
            tell("skipped: the log database is not free");
            return;
        }

        database.IsTaken = true;
        try
        {
            await RunAsync(database.Server, step, tell);
        }
        finally
        {
            database.IsTaken = false;
        }
    }

    protected abstract Task RunAsync(PostgresServer server, FaultStep step, Action<string> tell);
}

/// <summary>Longer than statements, connections and appends wait.</summary>
internal sealed class LogDatabaseHangFault() : LogDatabaseFault("log-hang", "the log database's processes are frozen: it answers nothing and breaks off nothing", 3, 18)
{
    protected override async Task RunAsync(PostgresServer server, FaultStep step, Action<string> tell)
    {
        server.Freeze();
        tell("the log database hangs");
        await Task.Delay(step.Duration);
        server.Thaw();
        tell("the log database goes on");
    }
}

internal sealed class LogDatabaseRestartFault() : LogDatabaseFault("log-restart", "the log database is shut down (fast) and started again", 0.2, 12)
{
    protected override async Task RunAsync(PostgresServer server, FaultStep step, Action<string> tell)
    {
        await server.StopAsync();
        tell("the log database shut down");
        await Task.Delay(step.Duration);
        await server.StartAsync();
        tell("the log database up again");
    }
}

internal sealed class LogDatabaseCrashFault() : LogDatabaseFault("log-crash", "the log database is killed with signal 9 and started again", 0.2, 4)
{
    protected override async Task RunAsync(PostgresServer server, FaultStep step, Action<string> tell)
    {
        await server.KillAsync();
        tell("the log database killed");
        await Task.Delay(step.Duration);
        await server.StartAsync();
        tell("the log database up again");
    }
}
