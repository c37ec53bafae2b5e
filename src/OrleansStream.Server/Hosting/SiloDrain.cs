using OrleansStream.Server.Endpoint;

namespace OrleansStream.Server.Hosting;

/// <summary>
/// Stops the flow of data first when the silo stops, while everything else still works: waiting fetches are answered, appends
/// in hand are finished, and only then do grain deactivations close the logs.
/// </summary>
internal sealed class SiloDrain(LocalEndpoint endpoint, StopTime stop) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle observer) => observer.Subscribe(
        nameof(SiloDrain),
        ServiceLifecycleStage.Active + 1,
        _ => Task.CompletedTask,
        cancellationToken => endpoint.DrainAsync(stop.Take(StopTime.DrainShare), cancellationToken));
}
