using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Checking;

/// <summary>
/// Decides whether a history is one that a durable, partitioned log may produce. A function of the history and nothing else, so
/// that a history can be judged again when a rule was added.
/// </summary>
public static class HistoryChecker
{
    private static readonly Func<HistoryFacts, IEnumerable<Anomaly>>[] s_rules =
    [
        WriteRules.Check, OffsetRules.Check, PollRules.Check, SendRules.Check, FencingRules.Check, CommitRules.Check, CheckPhases,
    ];

    /// <summary>Every anomaly of a history, those of one kind together.</summary>
    public static IReadOnlyList<Anomaly> Check(IReadOnlyList<Operation> history)
    {
        var facts = new HistoryFacts(history);
        return [.. s_rules.SelectMany(rule => rule(facts)).OrderBy(anomaly => anomaly.Kind).ThenBy(anomaly => anomaly.Partition)];
    }

    private static IEnumerable<Anomaly> CheckPhases(HistoryFacts facts) =>
        from operation in facts.History
        where operation is { Kind: OperationKind.Phase, Outcome: Outcome.Fail }
        select new Anomaly(AnomalyKind.NotHealed, operation.Partition, operation.Note ?? "A step of the run failed.", [operation]);
}
