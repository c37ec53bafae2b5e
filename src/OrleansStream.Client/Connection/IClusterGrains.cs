using OrleansStream.Endpoint;
using OrleansStream.Grains;

namespace OrleansStream.Client.Connection;

/// <summary>The grains and endpoints of a cluster as they are addressed from here. Making a reference costs no message.</summary>
internal interface IClusterGrains
{
    IClusterGrain Cluster { get; }

    ITopicGrain Topic(string name);

    IGroupGrain Group(string id);

    IPartitionGrain Partition(PartitionId partition);

    /// <summary>
    /// False while the gateway of the leader's silo, which may have joined just now, is not among those that the client connects to;
    /// asking makes it one of them within seconds.
    /// </summary>
    bool CanReach(PartitionLeader leader) => true;

    /// <summary>The endpoint of the silo that leads a partition, reached without a second hop.</summary>
    IStreamEndpoint Endpoint(PartitionLeader leader);
}
