using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Checking;

/// <summary>A history, and what it says about each partition.</summary>
public sealed class HistoryFacts
{
    private readonly SortedDictionary<int, PartitionFacts> _partitions = [];

    public HistoryFacts(IReadOnlyList<Operation> history)
    {
        History = history;
        foreach (var operation in history)
        {
            switch (operation)
            {
                case { Kind: OperationKind.Send, Outcome: Outcome.Invoke }:
                    Of(operation.Partition).Sends.Add(operation.Value, new SendFact(operation));
                    break;
                case { Kind: OperationKind.Send }:
                    Of(operation.Partition).Complete(operation);
                    break;
                case { Kind: OperationKind.Poll or OperationKind.FinalPoll, Outcome: Outcome.Ok }:
                    Of(operation.Partition).Read(operation);
                    break;
            }
        }
    }

    /// <summary>The operations in their order.</summary>
    public IReadOnlyList<Operation> History { get; }

    public IEnumerable<PartitionFacts> Partitions => _partitions.Values;

    /// <summary>The facts about a partition, empty ones if nothing is known.</summary>
    public PartitionFacts Of(int partition)
    {
        if (!_partitions.TryGetValue(partition, out var facts))
        {
            _partitions.Add(partition, facts = new PartitionFacts(partition));
        }

        return facts;
    }
}
