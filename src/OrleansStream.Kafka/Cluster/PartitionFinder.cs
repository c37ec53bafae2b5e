using OrleansStream.Server.Partitions;
using OrleansStream.Server.Placement;

namespace OrleansStream.Kafka.Cluster;

/// <summary>Finds partitions for requests: open here, or who has them. Safe for concurrent use.</summary>
internal sealed class PartitionFinder(PartitionTable table, PartitionDirectory directory)
{
    /// <summary>
    /// Finds a partition. One that belongs here and is idle is opened by that; for one that lives elsewhere its grain is asked where, so that the
    /// client need not ask.
    /// </summary>
    public ValueTask<PartitionPlace> FindAsync(PartitionId id, CancellationToken cancellationToken) =>
        table.TryFind(id, out var partition) && !partition.IsClosing ? new(PartitionPlace.Here(partition)) : new(AskAsync(id, cancellationToken));

    /// <summary>The partition if it is open here; nothing is opened.</summary>
    public Partition? FindOpen(PartitionId id) => table.TryFind(id, out var partition) ? partition : null;

    private async Task<PartitionPlace> AskAsync(PartitionId id, CancellationToken cancellationToken)
    {
        try
        {
            var leader = await directory.FindLeaderAsync(id, cancellationToken).ConfigureAwait(false);
            return table.TryFind(id, out var partition) && !partition.IsClosing
                ? PartitionPlace.Here(partition)
                : new PartitionPlace(null, ErrorCode.NotLeaderOrFollower, "Another silo owns the partition.", leader.Silo, leader.LeaderEpoch);
        }
        catch (OrleansStreamException failure)
        {
            return new PartitionPlace(null, failure.ErrorCode, failure.Message, null, LeaderEpoch.None);
        }
    }
}

/// <summary>What was found of a partition.</summary>
/// <param name="Partition">The partition, when it is open here.</param>
/// <param name="Error">Why it cannot be used here.</param>
/// <param name="Message">The same in words.</param>
/// <param name="Leader">Who has it, when that is known.</param>
/// <param name="LeaderEpoch">Under which epoch.</param>
internal readonly record struct PartitionPlace(Partition? Partition, ErrorCode Error, string? Message, SiloAddress? Leader, LeaderEpoch LeaderEpoch)
{
    public static PartitionPlace Here(Partition partition) => new(partition, ErrorCode.None, null, null, LeaderEpoch.None);

    /// <summary>Compares the leader epoch that a client knows with the real one.</summary>
    /// <returns>None when they agree or the client knows none.</returns>
    public static ErrorCode CheckEpoch(Partition partition, int known) => known < 0 || known == partition.LeaderEpoch.Value ? ErrorCode.None
        : known < partition.LeaderEpoch.Value ? ErrorCode.FencedLeaderEpoch
        : ErrorCode.UnknownLeaderEpoch;
}
