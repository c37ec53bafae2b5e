using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Reporting;

/// <summary>What a run lived through, counted from its history.</summary>
public sealed class RunStatistics
{
    public RunStatistics(IReadOnlyList<Operation> history)
    {
        Lasted = TimeSpan.FromMicroseconds(history.Count > 0 ? history[^1].Micros : 0);
        var sends = history.Where(o => o.Kind == OperationKind.Send).ToArray();
        Sent = sends.Count(o => o.Outcome == Outcome.Invoke);
        Acknowledged = sends.Count(o => o.Outcome == Outcome.Ok);
        Refused = sends.Count(o => o.Outcome == Outcome.Fail);
        InDoubt = sends.Count(o => o.Outcome == Outcome.Info);
        DoubtReasons = Reasons(sends.Where(o => o.Outcome == Outcome.Info));
        Read = history.Where(o => o.Kind == OperationKind.Poll).Sum(o => (long)(o.Records?.Count ?? 0));
        ReadAtTheEnd = history.Where(o => o.Kind == OperationKind.FinalPoll).Sum(o => (long)(o.Records?.Count ?? 0));
        ReadErrors = Reasons(history.Where(o => o is { Kind: OperationKind.Poll, Outcome: Outcome.Info }));
        var commits = history.Where(o => o.Kind == OperationKind.Commit).ToArray();
        Commits = commits.Count(o => o.Outcome == Outcome.Ok);
        CommitErrors = Reasons(commits.Where(o => o.Outcome == Outcome.Info));
        Assignments = history.Count(o => o is { Kind: OperationKind.Assign, Group: not null });
        Members = history.Where(o => o.Kind == OperationKind.Poll && o.Group is not null).Select(o => o.Process).Distinct().Count();
        Takeovers = CountTakeovers(history);
        Faults = history.Where(o => o is { Kind: OperationKind.Fault }).ToArray();
        (LongestSilence, SilenceByPartition, LongestSend) = Availability(sends);
    }

    public TimeSpan Lasted { get; }

    public int Sent { get; }

    public int Acknowledged { get; }

    public int Refused { get; }

    public int InDoubt { get; }

    public IReadOnlyList<(string Reason, int Count)> DoubtReasons { get; }

    public long Read { get; }

    public long ReadAtTheEnd { get; }

    public IReadOnlyList<(string Reason, int Count)> ReadErrors { get; }

    public int Commits { get; }

    public IReadOnlyList<(string Reason, int Count)> CommitErrors { get; }

    /// <summary>How often the group gave partitions to a member.</summary>
    public int Assignments { get; }

    /// <summary>How many members the group had, one after the other.</summary>
    public int Members { get; }

    /// <summary>How often a partition was seen under a new leader epoch: it moved, or was opened again.</summary>
    public int Takeovers { get; }

    /// <summary>The lines of the nemesis.</summary>
    public IReadOnlyList<Operation> Faults { get; }

    /// <summary>The longest time without an acknowledgement from any partition.</summary>
    public Silence LongestSilence { get; }

    /// <summary>The longest time without an acknowledgement, by partition.</summary>
    public IReadOnlyDictionary<int, Silence> SilenceByPartition { get; }

    /// <summary>The longest time that an acknowledged record took.</summary>
    public TimeSpan LongestSend { get; }

    /// <summary>How many lines of the nemesis hold one of these words.</summary>
    public int CountFaults(params string[] words) => Faults.Count(o => words.Any(word => o.Note?.Contains(word, StringComparison.Ordinal) == true));

    private static int CountTakeovers(IReadOnlyList<Operation> history)
    {
        var epochs = new Dictionary<int, HashSet<int>>();
        foreach (var operation in history)
        {
            foreach (var record in operation.Records ?? [])
            {
                if (!epochs.TryGetValue(operation.Partition, out var seen))
                {
                    epochs.Add(operation.Partition, seen = []);
                }

                seen.Add(record.LeaderEpoch);
            }
        }

        return epochs.Values.Sum(seen => seen.Count - 1);
    }

    private static (Silence All, IReadOnlyDictionary<int, Silence> ByPartition, TimeSpan Longest) Availability(Operation[] sends)
    {
        var begun = new Dictionary<long, long>();
        var lastByPartition = new Dictionary<int, long>();
        var byPartition = new SortedDictionary<int, Silence>();
        var (last, all, longest) = (-1L, default(Silence), TimeSpan.Zero);
        foreach (var operation in sends)
        {
            if (operation.Outcome == Outcome.Invoke)
            {
                begun[operation.Call] = operation.Micros;
            }
            else if (operation.Outcome == Outcome.Ok)
            {
                var took = TimeSpan.FromMicroseconds(operation.Micros - begun[operation.Call]);
                longest = took > longest ? took : longest;
                all = all.Or(last, operation.Micros);
                last = operation.Micros;
                byPartition[operation.Partition] = byPartition.GetValueOrDefault(operation.Partition)
                    .Or(lastByPartition.GetValueOrDefault(operation.Partition, -1), operation.Micros);
                lastByPartition[operation.Partition] = operation.Micros;
            }
        }

        return (all, byPartition, longest);
    }

    /// <summary>What is equal but for numbers is one reason.</summary>
    private static (string Reason, int Count)[] Reasons(IEnumerable<Operation> operations) =>
    [
        .. operations
            .GroupBy(o => string.Concat((o.Note ?? "").Where(c => !char.IsAsciiDigit(c))))
            .OrderByDescending(group => group.Count())
            .Select(group => (group.First().Note ?? "", group.Count())),
    ];
}
