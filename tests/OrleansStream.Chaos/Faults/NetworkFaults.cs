using OrleansStream.Chaos.Cluster;

namespace OrleansStream.Chaos.Faults;

/// <summary>A fault of the links between silos, database and clients, each of which has an address of its own.</summary>
internal abstract class NetworkFault(string name, string description) : Fault(name, description, 2, 9)
{
    public override string? Obstacle(ChaosCluster cluster) => cluster.Network is null ? cluster.NetworkObstacle : null;
}

internal sealed class IsolateFault() : NetworkFault("net-isolate", "a silo's link is down: nobody reaches it, and it reaches nobody")
{
    public override Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell) => WithSiloAsync(cluster, step, tell, async silo =>
    {
        var network = cluster.Network!;
        await network.SetLinkAsync(silo.Name, isUp: false);
        tell($"{silo.Name} isolated");
        await Task.Delay(step.Duration);
        await network.SetLinkAsync(silo.Name, isUp: true);
        tell($"{silo.Name} reachable");
        await cluster.ReviveAsync(silo, tell);
    });
}

internal sealed class DatabaseLinkFault() : NetworkFault("net-db", "a silo does not reach the database; the other silos and the clients reach it")
{
    public override string? Obstacle(ChaosCluster cluster) => base.Obstacle(cluster) ?? (cluster.Database is null ? "there is no database" : null);

    public override Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell) => WithSiloAsync(cluster, step, tell, async silo =>
    {
        var network = cluster.Network!;
        await network.BlockAsync(silo.Name, network.DatabaseAddress);
        tell($"{silo.Name} cut off from the database");
        await Task.Delay(step.Duration);
        await network.UnblockAsync(silo.Name, network.DatabaseAddress);
        tell($"{silo.Name} reaches the database");
        await cluster.ReviveAsync(silo, tell);
    });
}

internal sealed class SiloLinkFault() : NetworkFault("net-split", "two silos do not reach each other; everybody else reaches both")
{
    public override string? Obstacle(ChaosCluster cluster) => base.Obstacle(cluster) ?? (cluster.Silos.Count < 2 ? "there is one silo" : null);

    public override Task RunAsync(ChaosCluster cluster, FaultStep step, Action<string> tell) =>
        WithSiloAsync(cluster, step, tell, first => WithSiloAsync(cluster, step, tell, async second =>
        {
            var network = cluster.Network!;
            await network.BlockAsync(first.Name, second.Place.Address);
            await network.BlockAsync(second.Name, first.Place.Address);
            tell($"{first.Name} and {second.Name} cut off from each other");
            await Task.Delay(step.Duration);
            await network.UnblockAsync(first.Name, second.Place.Address);
            await network.UnblockAsync(second.Name, first.Place.Address);
            tell($"{first.Name} and {second.Name} reach each other");
            await cluster.ReviveAsync(first, tell);
            await cluster.ReviveAsync(second, tell);
        }));
}
