using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Checking;

/// <summary>
/// Of two owners of a partition at most one acknowledges. It shows in three ways: two acknowledgements of one offset; leader epochs
/// that go down, or fork, along the offsets; an append that lands below an offset that was known before it began.
/// </summary>
internal static class FencingRules
{
    public static IEnumerable<Anomaly> Check(HistoryFacts facts) => facts.Partitions
        .SelectMany(partition => DoubleAcknowledgements(partition).Concat(Epochs(partition)))
        .Concat(LateAppends(facts));

    private static IEnumerable<Anomaly> DoubleAcknowledgements(PartitionFacts partition) =>
        from entry in partition.ValuesByOffset
        let acknowledgements = entry.Value.Values.Where(operation => operation.Kind == OperationKind.Send).ToArray()
        where acknowledgements.Length > 1
        select new Anomaly(
            AnomalyKind.Fencing,
            partition.Partition,
            $"Offset {entry.Key} was acknowledged to {acknowledgements.Length} records.",
            [.. acknowledgements.OrderBy(operation => operation.Index)]);

    private static IEnumerable<Anomaly> Epochs(PartitionFacts partition)
    {
        var highest = (Epoch: int.MinValue, Offset: -1L, Operation: (Operation?)null);
        foreach (var (offset, epochs) in partition.EpochsByOffset)
        {
            if (epochs.Count > 1)
            {
                yield return new Anomaly(
                    AnomalyKind.Fencing,
                    partition.Partition,
                    $"Offset {offset} was read under the leader epochs {string.Join(" and ", epochs.Keys.Order())}.",
                    [.. epochs.Values.OrderBy(operation => operation.Index)]);
            }

            var (epoch, operation) = epochs.MinBy(entry => entry.Key);
            if (epoch < highest.Epoch)
            {
                yield return new Anomaly(
                    AnomalyKind.Fencing,
                    partition.Partition,
                    $"Offset {offset} was written under leader epoch {epoch}, after offset {highest.Offset} under leader epoch {highest.Epoch}.",
                    [.. new[] { highest.Operation!, operation }.OrderBy(o => o.Index)]);
            }
            else if (epoch > highest.Epoch)
            {
                highest = (epoch, offset, operation);
            }
        }
    }

    /// <summary>
    /// Appends of a partition happen one after the other, so one that began when offset n was already acknowledged or read lands above
    /// n. Only appends of different processes are compared: the order within a process has its own rule.
    /// </summary>
    private static IEnumerable<Anomaly> LateAppends(HistoryFacts facts)
    {
        var known = new Dictionary<int, Dictionary<string, (long Offset, Operation Operation)>>();
        foreach (var operation in facts.History)
        {
            if (operation is { Kind: OperationKind.Send, Outcome: Outcome.Invoke })
            {
                var send = facts.Of(operation.Partition).Sends[operation.Value];
                var others = known.GetValueOrDefault(operation.Partition)?.Where(entry => entry.Key != operation.Process).Select(entry => entry.Value) ?? [];
                var before = others.DefaultIfEmpty((Offset: -1, Operation: operation)).MaxBy(entry => entry.Offset);
                if (send.Offset >= 0 && before.Offset >= send.Offset)
                {
                    yield return new Anomaly(
                        AnomalyKind.Fencing,
                        operation.Partition,
                        $"Offset {before.Offset} was known when value {operation.Value} was sent, which then landed at offset {send.Offset}.",
                        [.. new[] { before.Operation, operation, send.Completion }.OfType<Operation>().OrderBy(o => o.Index)]);
                }
            }
            else if (HighestOffset(operation) is >= 0 and var offset)
            {
                if (!known.TryGetValue(operation.Partition, out var byProcess))
                {
                    known.Add(operation.Partition, byProcess = new Dictionary<string, (long, Operation)>(StringComparer.Ordinal));
                }

                if (!byProcess.TryGetValue(operation.Process, out var highest) || highest.Offset < offset)
                {
                    byProcess[operation.Process] = (offset, operation);
                }
            }
        }
    }

    private static long HighestOffset(Operation operation) => operation switch
    {
        { Kind: OperationKind.Send, Outcome: Outcome.Ok } => operation.Offset,
        { Kind: OperationKind.Poll, Outcome: Outcome.Ok, Records: { Count: > 0 } records } => records.Max(record => record.Offset),
        _ => -1,
    };
}
