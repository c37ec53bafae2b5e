using System.Globalization;
using OrleansStream.Dashboard.Watching;

namespace OrleansStream.Dashboard.Parts;

/// <summary>Something that is known of a partition, in words.</summary>
internal sealed record PartitionFact(string Label, string Value);

/// <summary>What is known of an open partition, the same beside the pointer and in the panel.</summary>
internal static class PartitionFacts
{
    public static IEnumerable<PartitionFact> Of(ClusterView view, PartitionView partition, DateTimeOffset now)
    {
        var silo = view.Silos.FirstOrDefault(silo => silo.Key == partition.Silo);
        yield return new("Silo", silo is null ? "–" : partition.IsCertain ? silo.Name : $"{silo.Name}, which does not answer");
        yield return new("Offsets", $"{Text.Count(partition.LogStartOffset)} to {Text.Count(partition.HighWatermark)}");
        yield return new("Leader epoch", partition.LeaderEpoch.ToString(CultureInfo.InvariantCulture));
        yield return new("Produced", partition.ProducedBytes < 0.5 ? "–" : $"{Text.ByteRate(partition.ProducedBytes)} · {Text.Rate(partition.ProducedRecords)}");
        yield return new("Fetched", Text.ByteRate(partition.FetchedBytes));
        yield return new("Size", $"{Text.Bytes(partition.SizeInBytes)} in {Text.Plural(partition.SegmentCount, "segment")}");
        if (view.Pins.FirstOrDefault(pin => pin.Partition == partition.Id) is { } pin)
        {
            yield return new("Pinned to", view.FindSilo(pin.Silo)?.Name ?? pin.Silo);
        }

        yield return new("Last move", view.Moves.FirstOrDefault(move => move.Partition == partition.Id) is { } move
            ? $"{Text.Ago(move.MovedAt, now)}, {MoveWords.Because(move.Reason)}, away {Text.Milliseconds(move.Unavailable)}"
            : "none on record");
    }
}
