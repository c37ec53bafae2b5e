using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Checking;

/// <summary>What a history says about one partition.</summary>
public sealed class PartitionFacts(int partition)
{
    public int Partition { get; } = partition;

    /// <summary>Every record that was sent, by its value, in the order of sending.</summary>
    public OrderedDictionary<long, SendFact> Sends { get; } = [];

    /// <summary>Every value that was acknowledged at, or read from, an offset, with the first operation that says so.</summary>
    public SortedDictionary<long, Dictionary<long, Operation>> ValuesByOffset { get; } = [];

    /// <summary>Every offset at which a value was acknowledged or read, with the first operation that says so.</summary>
    public Dictionary<long, Dictionary<long, Operation>> OffsetsByValue { get; } = [];

    /// <summary>The leader epochs under which an offset was read, with the first operation that says so.</summary>
    public SortedDictionary<long, Dictionary<int, Operation>> EpochsByOffset { get; } = [];

    /// <summary>What was read in the final phase, by offset.</summary>
    public SortedDictionary<long, long> FinalRecords { get; } = [];

    /// <summary>Whether the final phase read this partition at all.</summary>
    public bool HasFinalRead { get; private set; }

    /// <summary>The highest offset that any read returned; -1 when none did.</summary>
    public long HighestRead { get; private set; } = -1;

    /// <summary>The offsets that any read returned.</summary>
    public HashSet<long> ReadOffsets { get; } = [];

    /// <summary>Takes the completion of a send into account.</summary>
    public void Complete(Operation operation)
    {
        if (!Sends.TryGetValue(operation.Value, out var send))
        {
            throw new InvalidDataException($"The history completes a send that it does not begin: {operation}");
        }

        send.Completion = operation;
        if (operation.Outcome == Outcome.Ok)
        {
            send.Offset = operation.Offset;
            See(operation.Offset, operation.Value, operation);
        }
    }

    /// <summary>Takes a poll into account.</summary>
    public void Read(Operation operation)
    {
        HasFinalRead |= operation.Kind == OperationKind.FinalPoll;
        foreach (var record in operation.Records ?? [])
        {
            See(record.Offset, record.Value, operation);
            if (!EpochsByOffset.TryGetValue(record.Offset, out var epochs))
            {
                EpochsByOffset.Add(record.Offset, epochs = []);
            }

            epochs.TryAdd(record.LeaderEpoch, operation);
            ReadOffsets.Add(record.Offset);
            HighestRead = Math.Max(HighestRead, record.Offset);
            if (Sends.TryGetValue(record.Value, out var send))
            {
                send.FirstRead ??= operation;
                send.Offset = send.Offset < 0 ? record.Offset : send.Offset;
            }

            if (operation.Kind == OperationKind.FinalPoll)
            {
                FinalRecords[record.Offset] = record.Value;
            }
        }
    }

    private void See(long offset, long value, Operation operation)
    {
        if (!ValuesByOffset.TryGetValue(offset, out var values))
        {
            ValuesByOffset.Add(offset, values = []);
        }

        if (!OffsetsByValue.TryGetValue(value, out var offsets))
        {
            OffsetsByValue.Add(value, offsets = []);
        }

        values.TryAdd(value, operation);
        offsets.TryAdd(offset, operation);
    }
}
