using OrleansStream.Grains;
using OrleansStream.Placement;

namespace OrleansStream.Cli.Cluster;

/// <summary>The cluster in the output.</summary>
internal sealed record ClusterDetails(
    string ClusterId, string Version, IReadOnlyList<SiloRow> Silos, IReadOnlyList<PinRow> Pins, IReadOnlyList<string> DrainedSilos)
{
    public static ClusterDetails From(ClusterDescription cluster, PlacementDescription placement)
    {
        var placed = placement.Silos.ToDictionary(silo => silo.Address);
        return new ClusterDetails(
            cluster.ClusterId,
            cluster.Version,
            [.. cluster.Silos.Select(silo => SiloRow.From(silo, placed.GetValueOrDefault(silo.Address)))],
            [.. placement.Pins.Select(pin => new PinRow(Name(pin.Topic, pin.Partition), pin.Partition.Partition, pin.Silo))],
            placement.DrainedSilos);
    }

    /// <summary>A topic that was deleted a moment ago has no name any more.</summary>
    public static string Name(string? topic, PartitionId partition) => topic ?? partition.TopicId.ToString("N");
}

/// <summary>A silo in the output.</summary>
internal sealed record SiloRow(
    string Name,
    string Address,
    string? Gateway,
    string Status,
    DateTimeOffset StartedAt,
    int OpenPartitions,
    bool TakesPartitions,
    IReadOnlyList<OpenPartitionRow> Partitions)
{
    public static SiloRow From(SiloDescription silo, SiloPlacement? placed) => new(
        silo.Name,
        silo.Address,
        silo.Gateway,
        silo.Status,
        silo.StartedAt,
        silo.OpenPartitions,
        placed?.TakesPartitions ?? false,
        [
            .. (placed?.Partitions ?? []).Select(open =>
                new OpenPartitionRow(ClusterDetails.Name(open.Topic, open.Partition), open.Partition.Partition, open.LeaderEpoch.Value)),
        ]);
}

/// <summary>A partition that a silo has open, in the output.</summary>
internal sealed record OpenPartitionRow(string Topic, int Partition, int LeaderEpoch);

/// <summary>A pin in the output.</summary>
internal sealed record PinRow(string Topic, int Partition, string Silo);
