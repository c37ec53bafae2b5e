using OrleansStream.Dashboard.Watching;

namespace OrleansStream.Dashboard.Parts;

/// <summary>What the map's script draws. It changes only when something came, went or moved; the readings change every second.</summary>
internal sealed record MapStructure(MapSilo[] Silos, string[] Topics, int[] Silo, int[] Topic, int[] Number, int[] Flags)
{
    private const int Pinned = 1;
    private const int Uncertain = 2;

    public static MapStructure Of(ClusterView view)
    {
        var silos = view.Silos.Select((silo, index) => (silo.Key, index)).ToDictionary(entry => entry.Key, entry => entry.index);
        var topics = view.Partitions.Select(partition => partition.Topic).Distinct().ToList();
        var topicIndex = topics.Select((topic, index) => (topic, index)).ToDictionary(entry => entry.topic, entry => entry.index);
        var pins = view.Pins.Select(pin => pin.Partition).ToHashSet();
        return new MapStructure(
            [.. view.Silos.Select(silo => new MapSilo(silo.Key, silo.Name, silo.Address, silo.State.ToString().ToLowerInvariant()))],
            [.. topics],
            [.. view.Partitions.Select(partition => silos.GetValueOrDefault(partition.Silo, -1))],
            [.. view.Partitions.Select(partition => topicIndex[partition.Topic])],
            [.. view.Partitions.Select(partition => partition.Id.Partition)],
            [.. view.Partitions.Select(partition => (pins.Contains(partition.Id) ? Pinned : 0) | (partition.IsCertain ? 0 : Uncertain))]);
    }

    public bool IsSameAs(MapStructure? other) => other is not null
        && Silos.AsSpan().SequenceEqual(other.Silos) && Topics.AsSpan().SequenceEqual(other.Topics) && Silo.AsSpan().SequenceEqual(other.Silo)
        && Topic.AsSpan().SequenceEqual(other.Topic) && Number.AsSpan().SequenceEqual(other.Number) && Flags.AsSpan().SequenceEqual(other.Flags);
}

/// <summary>A silo's card.</summary>
internal sealed record MapSilo(string Key, string Name, string Address, string State);

/// <summary>What a silo's card says at the moment.</summary>
internal sealed record MapSiloReading(string State, string Open, string In, string Out, string Ack, string Load)
{
    public static MapSiloReading Of(SiloView silo, DateTimeOffset now) => new(
        silo.State switch
        {
            SiloState.Joining => "joining",
            SiloState.Active => "active",
            SiloState.Drained => silo.OpenPartitions > 0 ? $"draining, {silo.OpenPartitions} left" : "drained",
            SiloState.Stopping => silo.OpenPartitions > 0 ? $"stopping, {silo.OpenPartitions} left" : "stopping",
            SiloState.Suspected => $"no answer for {Text.Duration(now - silo.Since)}",
            SiloState.Left => $"left {Text.Ago(silo.Since, now)}",
            _ => $"died {Text.Ago(silo.Since, now)}",
        },
        silo.Rates is null ? "–" : Text.Count(silo.OpenPartitions),
        Text.ByteRate(silo.Rates?.ProducedBytes ?? 0),
        Text.ByteRate(silo.Rates?.FetchedBytes ?? 0),
        Text.Milliseconds(silo.Rates?.AckP99),
        silo.Rates is { } rates ? $"{rates.Processors:0.0} CPU · {Text.Bytes(rates.MemoryBytes)}" : "–");
}

/// <summary>How strongly tiles are shaded: by throughput, on a logarithmic scale, because partitions differ by orders of magnitude.</summary>
internal static class MapLevels
{
    public const int Max = 15;

    /// <summary>Below this a partition counts as all but idle.</summary>
    private const double FloorBytes = 256;

    /// <summary>The scale ends here at least, so that a quiet cluster looks quiet.</summary>
    private const double LeastCeilingBytes = 1024 * 1024;

    public static byte[] Of(IReadOnlyList<PartitionView> partitions)
    {
        var ceiling = LeastCeilingBytes;
        foreach (var partition in partitions)
        {
            ceiling = Math.Max(ceiling, Throughput(partition));
        }

        var levels = new byte[partitions.Count];
        for (var at = 0; at < levels.Length; at++)
        {
            var throughput = Throughput(partitions[at]);
            levels[at] = throughput <= 0 ? (byte)0
                : (byte)Math.Clamp(1 + ((Max - 1) * Math.Log(Math.Max(1, throughput / FloorBytes)) / Math.Log(ceiling / FloorBytes)), 1, Max);
        }

        return levels;
    }

    private static double Throughput(PartitionView partition) => partition.ProducedBytes + partition.FetchedBytes;
}
