using OrleansStream.Endpoint;
using OrleansStream.Grains;

namespace OrleansStream.Client.Connection;

/// <summary>One way to a partition. Whoever used it tells <see cref="PartitionRouter.Report"/> how it went.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Leader">Where it lives.</param>
/// <param name="Endpoint">The endpoint of its silo, shared by all partitions of the silo; null when only the grain can be reached.</param>
/// <param name="Grain">The slow way, which always reaches the owner.</param>
internal sealed record PartitionRoute(PartitionId Partition, PartitionLeader Leader, IStreamEndpoint? Endpoint, IPartitionGrain Grain);
