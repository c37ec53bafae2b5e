namespace OrleansStream.Endpoint;

/// <summary>Where a partition lives at the moment, and how to reach that silo's endpoint without a detour.</summary>
/// <param name="LeaderEpoch">The epoch under which the partition was opened there.</param>
/// <param name="Silo">The silo, for callers inside the cluster.</param>
/// <param name="Gateway">The silo's gateway as the client must address it (generation 0), for callers outside.</param>
/// <param name="EndpointType">The grain type of the silo's <see cref="IStreamEndpoint"/>.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.partition-leader")]
public sealed record PartitionLeader(
    [property: Id(0)] LeaderEpoch LeaderEpoch,
    [property: Id(1)] SiloAddress Silo,
    [property: Id(2)] SiloAddress Gateway,
    [property: Id(3)] GrainType EndpointType);
