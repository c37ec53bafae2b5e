using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Checking;

/// <summary>One offset, one record, for ever; no offset without a record; nothing at or above the high watermark.</summary>
internal static class OffsetRules
{
    public static IEnumerable<Anomaly> Check(HistoryFacts facts) => facts.Partitions
        .SelectMany(partition => Duplicates(partition).Concat(Conflicts(partition)).Concat(Gaps(partition)))
        .Concat(EarlyReads(facts.History));

    private static IEnumerable<Anomaly> Duplicates(PartitionFacts partition) =>
        from entry in partition.OffsetsByValue
        where entry.Value.Count > 1
        select new Anomaly(
            AnomalyKind.Duplicate,
            partition.Partition,
            $"Value {entry.Key} lies at the offsets {string.Join(", ", entry.Value.Keys.Order())}.",
            [.. entry.Value.Values.OrderBy(operation => operation.Index)]);

    private static IEnumerable<Anomaly> Conflicts(PartitionFacts partition) =>
        from entry in partition.ValuesByOffset
            // Two acknowledgements of one offset are two owners at work, which has a name of its own.
        where entry.Value.Count > 1 && entry.Value.Values.Count(operation => operation.Kind == OperationKind.Send) < 2
        select new Anomaly(
            AnomalyKind.InconsistentOffsets,
            partition.Partition,
            $"Offset {entry.Key} holds the values {string.Join(", ", entry.Value.Keys.Order())}.",
            [.. entry.Value.Values.OrderBy(operation => operation.Index)]);

    private static IEnumerable<Anomaly> Gaps(PartitionFacts partition)
    {
        var next = 0L;
        foreach (var offset in partition.FinalRecords.Keys)
        {
            if (offset > next && !Enumerable.Range(0, (int)(offset - next)).Any(i => partition.ValuesByOffset.ContainsKey(next + i)))
            {
                yield return new Anomaly(
                    AnomalyKind.OffsetGap,
                    partition.Partition,
                    $"The offsets {next} to {offset - 1} hold nothing, and nothing was ever acknowledged or read there.",
                    [.. partition.ValuesByOffset[offset].Values.Take(1)]);
            }

            next = offset + 1;
        }
    }

    private static IEnumerable<Anomaly> EarlyReads(IReadOnlyList<Operation> history) =>
        from operation in history
        where operation is { HighWatermark: >= 0, Records.Count: > 0 } && operation.Records.Max(record => record.Offset) >= operation.HighWatermark
        select new Anomaly(
            AnomalyKind.ReadAboveHighWatermark,
            operation.Partition,
            $"Offset {operation.Records!.Max(record => record.Offset)} was read while the high watermark was {operation.HighWatermark}.",
            [operation]);
}
