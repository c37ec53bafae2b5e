using Microsoft.Extensions.Logging;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Endpoint;

namespace OrleansStream.Server.Topics;

/// <summary>Tells every active silo that a topic's catalog entry changed. Called after the catalog was changed, never before.</summary>
internal sealed partial class TopicBroadcast(
    IGrainFactory grains, ISiloStatusOracle silos, EndpointAddress address, ILogger<TopicBroadcast> logger)
{
    /// <summary>
    /// Completes when every active silo has adapted or failed to answer. A silo that was not reached is fenced by the log's
    /// epoch, or reads the catalog at its next opening; so a failure here loses nothing.
    /// </summary>
    public Task TopicChangedAsync(Guid topicId) =>
        Task.WhenAll(silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Select(silo => TellAsync(silo, topicId)));

    private async Task TellAsync(SiloAddress silo, Guid topicId)
    {
        try
        {
            await address.On(grains, silo).TopicChangedAsync(topicId);
        }
        catch (Exception unreachable) when (unreachable is TimeoutException or OrleansMessageRejectionException)
        {
            SiloNotTold(silo, topicId, unreachable);
        }
    }

    [LoggerMessage(LogEvents.SiloNotTold, LogLevel.Warning, "Silo {Silo} was not told that topic {TopicId} changed.")]
    private partial void SiloNotTold(SiloAddress silo, Guid topicId, Exception exception);
}
