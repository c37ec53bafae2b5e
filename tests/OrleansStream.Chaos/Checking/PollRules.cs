using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Checking;

/// <summary>
/// A process reads a partition upwards and leaves nothing out, from one assignment of the partition to the next; a group as a whole
/// leaves nothing out below what it committed.
/// </summary>
internal static class PollRules
{
    public static IEnumerable<Anomaly> Check(HistoryFacts facts) => Order(facts).Concat(GroupSkips(facts));

    private static IEnumerable<Anomaly> Order(HistoryFacts facts)
    {
        var last = new Dictionary<(string Process, int Partition), (long Offset, Operation Operation)>();
        foreach (var operation in facts.History)
        {
            if (operation.Kind is OperationKind.Assign or OperationKind.Revoke)
            {
                foreach (var partition in operation.Partitions ?? [])
                {
                    last.Remove((operation.Process, partition));
                }
            }

            if (operation.Kind is not (OperationKind.Poll or OperationKind.FinalPoll) || operation.Records is not { Count: > 0 } records)
            {
                continue;
            }

            var key = (operation.Process, operation.Partition);
            if (last.TryGetValue(key, out var before) && Compare(facts, before.Operation, before.Offset, operation, records[0].Offset) is { } anomaly)
            {
                yield return anomaly;
            }

            for (var i = 1; i < records.Count; i++)
            {
                if (Compare(facts, operation, records[i - 1].Offset, operation, records[i].Offset) is { } inside)
                {
                    yield return inside;
                }
            }

            last[key] = (records[^1].Offset, operation);
        }
    }

    private static Anomaly? Compare(HistoryFacts facts, Operation earlier, long from, Operation later, long to)
    {
        var isInside = ReferenceEquals(earlier, later);
        Operation[] evidence = isInside ? [later] : [earlier, later];
        if (to <= from)
        {
            return new Anomaly(
                isInside ? AnomalyKind.InternalNonmonotonicPoll : AnomalyKind.NonmonotonicPoll,
                later.Partition,
                $"{later.Process} read offset {to} after offset {from}.",
                evidence);
        }

        // What nobody read was lost, not skipped; and what the final reader does not find, others read before, has vanished.
        var known = facts.Of(later.Partition).ReadOffsets;
        var skipped = later.Kind == OperationKind.FinalPoll ? [] : Offsets(from + 1, to).Where(known.Contains).ToArray();
        return skipped.Length == 0 ? null : new Anomaly(
            isInside ? AnomalyKind.InternalPollSkip : AnomalyKind.PollSkip,
            later.Partition,
            $"{later.Process} read offset {to} after offset {from} and left out {skipped.Length} records, the first at offset {skipped[0]}.",
            evidence);
    }

    private static IEnumerable<Anomaly> GroupSkips(HistoryFacts facts)
    {
        var commits = facts.History
            .Where(operation => operation is { Kind: OperationKind.Commit, Outcome: Outcome.Ok, Group: not null })
            .GroupBy(operation => (Group: operation.Group!, operation.Partition));
        foreach (var committed in commits)
        {
            var given = facts.History
                .Where(operation => operation.Kind == OperationKind.Poll && operation.Group == committed.Key.Group && operation.Partition == committed.Key.Partition)
                .SelectMany(operation => operation.Records ?? [])
                .Select(record => record.Offset)
                .ToHashSet();
            var furthest = committed.MaxBy(operation => operation.Offset)!;
            var skipped = facts.Of(committed.Key.Partition).ReadOffsets.Where(offset => offset < furthest.Offset && !given.Contains(offset)).Order().ToArray();
            if (skipped.Length > 0)
            {
                yield return new Anomaly(
                    AnomalyKind.GroupSkip,
                    committed.Key.Partition,
                    $"Group {committed.Key.Group} committed offset {furthest.Offset}, and no member was given {skipped.Length} records before it, the first at offset {skipped[0]}.",
                    [furthest]);
            }
        }
    }

    private static IEnumerable<long> Offsets(long from, long to)
    {
        for (var offset = from; offset < to; offset++)
        {
            yield return offset;
        }
    }
}
