using OrleansStream.Kafka.Apis;
using OrleansStream.Server.Placement;

namespace OrleansStream.Kafka.Cluster;

/// <summary>Which silo leads which partition, by the placement function; nothing is opened by that. Safe for concurrent use.</summary>
internal sealed class LeaderBoard(BrokerDirectory brokers, PartitionFinder partitions, PartitionDirectory placement)
{
    /// <summary>Looks at the silos that there are now.</summary>
    public LeaderView Look() => new(brokers.All, partitions, placement);
}

/// <summary>Leaders as they are among certain silos.</summary>
internal sealed class LeaderView(IReadOnlyList<Broker> brokers, PartitionFinder partitions, PartitionDirectory placement)
{
    private readonly Dictionary<SiloAddress, int> _ids = brokers.ToDictionary(broker => broker.Silo, broker => broker.Id);

    /// <summary>The silos, the oldest first.</summary>
    public IReadOnlyList<Broker> Brokers => brokers;

    /// <summary>The leader of a partition.</summary>
    public PartitionLead LeadOf(PartitionId id, int partitionCount)
    {
        if (placement.OwnerOf(id, partitionCount) is not { } owner || !_ids.TryGetValue(owner, out var leader))
        {
            // A silo that has come a moment ago, or one without this gateway.
            return new PartitionLead((short)KafkaError.LeaderNotAvailable, -1, -1, []);
        }

        // An epoch that is not known for sure is not told: a client holds on to the largest that it heard of.
        var open = owner.Equals(placement.LocalSilo) ? partitions.FindOpen(id) : null;
        return new PartitionLead(0, leader, open?.LeaderEpoch.Value ?? -1, [leader]);
    }
}

/// <summary>Who leads a partition, as clients are told.</summary>
/// <param name="Error">Why nobody is named.</param>
/// <param name="LeaderId">The silo's number.</param>
/// <param name="LeaderEpoch">Under which epoch; -1 when that is not known here.</param>
/// <param name="Replicas">The leader alone: a partition has one log.</param>
internal readonly record struct PartitionLead(short Error, int LeaderId, int LeaderEpoch, int[] Replicas);
