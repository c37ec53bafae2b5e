using Microsoft.Extensions.Logging;
using OrleansStream.Placement;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Endpoint;
using OrleansStream.Storage;

namespace OrleansStream.Server.Placement;

/// <summary>Notes what moved, why, and how long nobody served it. A history that cannot be written does not hold up moves.</summary>
internal sealed partial class MoveRecorder(
    IPlacementStore store, EndpointAddress address, ServerMetrics metrics, TimeProvider time, ILogger<MoveRecorder> logger)
{
    /// <summary>Notes a move away from this silo.</summary>
    public Task MovedAwayAsync(PartitionId partition, SiloAddress to, MoveReason reason, TimeSpan unavailable) =>
        RecordAsync(partition, address.Silo, to, reason, unavailable);

    /// <summary>Notes that this silo opened what a dead one had.</summary>
    public Task TookOverAsync(PartitionId partition, SiloAddress from, TimeSpan unavailable) =>
        RecordAsync(partition, from, address.Silo, MoveReason.Failed, unavailable);

    private async Task RecordAsync(PartitionId partition, SiloAddress from, SiloAddress to, MoveReason reason, TimeSpan unavailable)
    {
        PartitionMoved(partition, from, to, reason, unavailable.TotalMilliseconds);
        metrics.PartitionMoved(reason, unavailable);
        try
        {
            await store.RecordMoveAsync(
                new PartitionMove(0, partition, from.Endpoint.ToString(), to.Endpoint.ToString(), reason, unavailable, time.GetUtcNow()),
                CancellationToken.None);
        }
        catch (Exception failure) when (failure is OrleansStreamException or ObjectDisposedException)
        {
            MoveNotRecorded(partition, failure);
        }
    }

    [LoggerMessage(LogEvents.PartitionMoved, LogLevel.Information, "Partition {Partition} moved from {From} to {To} ({Reason}); it was away for {Milliseconds} ms.")]
    private partial void PartitionMoved(PartitionId partition, SiloAddress from, SiloAddress to, MoveReason reason, double milliseconds);

    [LoggerMessage(LogEvents.MoveNotRecorded, LogLevel.Warning, "The move of partition {Partition} could not be written into the history.")]
    private partial void MoveNotRecorded(PartitionId partition, Exception exception);
}
