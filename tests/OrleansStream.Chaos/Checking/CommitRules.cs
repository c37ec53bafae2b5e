using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Checking;

/// <summary>
/// A group's committed offset of a partition only grows, unless somebody resets it: what begins after an offset was committed, or
/// was read as committed, neither commits nor reads a lower one.
/// </summary>
internal static class CommitRules
{
    public static IEnumerable<Anomaly> Check(HistoryFacts facts)
    {
        var floors = new Dictionary<(string Group, int Partition), Operation>();
        var begun = new Dictionary<long, (Operation Invoke, Operation? Floor)>();
        foreach (var operation in facts.History)
        {
            if (operation.Group is not { } group)
            {
                continue;
            }

            var key = (group, operation.Partition);
            switch (operation)
            {
                case { Kind: OperationKind.Reset }:
                    floors.Remove(key);
                    begun.Clear();
                    break;
                case { Kind: OperationKind.Commit or OperationKind.Committed, Outcome: Outcome.Invoke }:
                    begun[operation.Call] = (operation, floors.GetValueOrDefault(key));
                    break;
                case { Kind: OperationKind.Commit or OperationKind.Committed, Outcome: Outcome.Ok }:
                    if (begun.Remove(operation.Call, out var call) && call.Floor is { } floor && operation.Offset < floor.Offset)
                    {
                        yield return new Anomaly(
                            AnomalyKind.CommitRegressed,
                            operation.Partition,
                            $"Group {group} had committed offset {floor.Offset}, and then {(operation.Kind == OperationKind.Commit ? "accepted" : "answered")} {operation.Offset}.",
                            [floor, call.Invoke, operation]);
                    }

                    if (!floors.TryGetValue(key, out var highest) || highest.Offset < operation.Offset)
                    {
                        floors[key] = operation;
                    }

                    break;
            }
        }
    }
}
