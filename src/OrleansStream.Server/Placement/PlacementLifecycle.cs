using Microsoft.Extensions.DependencyInjection;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Server.Placement;

/// <summary>
/// Reads the decisions before the silo places anything, moves partitions while it is active, and gives them all away before it
/// stops serving. The mover is asked for late, because lifecycle participants are made before the storage is opened.
/// </summary>
internal sealed class PlacementLifecycle(IServiceProvider services, StopTime stop) : ILifecycleParticipant<ISiloLifecycle>
{
    private const int AfterActive = ServiceLifecycleStage.Active + 2;

    private PartitionMover Mover => services.GetRequiredService<PartitionMover>();

    public void Participate(ISiloLifecycle observer)
    {
        observer.Subscribe(nameof(PlacementLifecycle), ServiceLifecycleStage.ApplicationServices, token => Mover.LoadOverridesAsync(token));
        observer.Subscribe(
            nameof(PlacementLifecycle),
            AfterActive,
            _ =>
            {
                Mover.Start();
                return Task.CompletedTask;
            },
            token => Mover.EvacuateAsync(stop.Take(StopTime.EvacuationShare), token));
    }
}
