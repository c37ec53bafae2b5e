using OrleansStream.Storage;

namespace OrleansStream.Server.Groups;

/// <summary>
/// How far a partition's log reaches, which is what a group's lag is measured against. An idle partition is told from what
/// its store keeps on record, without waking it; one that is open, or that only an opening can tell, is asked.
/// </summary>
public interface IPartitionExtents
{
    /// <summary>Describes a partition's log.</summary>
    /// <returns>Null when there is no such partition, or when nobody can tell now.</returns>
    ValueTask<LogDescription?> DescribeAsync(PartitionId partition, CancellationToken cancellationToken);
}
