using Microsoft.Extensions.Logging;
using OrleansStream.Endpoint;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Endpoint;

namespace OrleansStream.Server.Placement;

/// <summary>
/// Tells the other active silos what changes the map and is not in the membership. A silo that was not reached finds decisions
/// by itself a little later, and a stop when the membership shows it.
/// </summary>
internal sealed partial class PlacementBroadcast(
    IGrainFactory grains, ISiloStatusOracle silos, EndpointAddress address, TimeProvider time, ILogger<PlacementBroadcast> logger)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Completes when every silo has read the new decisions, or does not answer.</summary>
    public Task OverridesChangedAsync() => TellAllAsync(endpoint => endpoint.PlacementChangedAsync(), isForSelf: true);

    /// <summary>Completes when every other silo knows that this one stops, or does not answer.</summary>
    public Task StoppingAsync() => TellAllAsync(endpoint => endpoint.SiloStoppingAsync(address.Silo), isForSelf: false);

    private Task TellAllAsync(Func<IStreamEndpoint, Task> tell, bool isForSelf) => Task.WhenAll(
        silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Where(silo => isForSelf || silo != address.Silo).Select(silo => TellAsync(silo, tell)));

    private async Task TellAsync(SiloAddress silo, Func<IStreamEndpoint, Task> tell)
    {
        try
        {
            await tell(address.On(grains, silo)).WaitAsync(s_patience, time);
        }
        catch (Exception unreachable) when (unreachable is TimeoutException or OrleansMessageRejectionException)
        {
            PlacementNotTold(silo, unreachable);
        }
    }

    [LoggerMessage(LogEvents.PlacementNotTold, LogLevel.Warning, "Silo {Silo} was not told that the placement changed; it finds out by itself.")]
    private partial void PlacementNotTold(SiloAddress silo, Exception exception);
}
