using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Tests;

/// <summary>Writes histories by hand. Everything happens in partition 0 and in the order of the calls.</summary>
internal sealed class HistoryBuilder
{
    public const string Group = "group";
    private readonly Recorder _recorder = new(path: null);
    private readonly Dictionary<long, Operation> _sends = [];

    public IReadOnlyList<Operation> Operations => _recorder.Snapshot();

    /// <summary>A producer hands over a value.</summary>
    public HistoryBuilder Send(string process, long value)
    {
        var operation = new Operation { Process = process, Kind = OperationKind.Send, Outcome = Outcome.Invoke, Call = _recorder.NextCall(), Partition = 0, Value = value };
        _sends.Add(value, operation);
        return Add(operation);
    }

    /// <summary>The value's producer is told how it went.</summary>
    public HistoryBuilder Ack(long value, long offset) => Add(_sends[value] with { Outcome = Outcome.Ok, Offset = offset });

    public HistoryBuilder Refuse(long value) => Add(_sends[value] with { Outcome = Outcome.Fail });

    public HistoryBuilder TimeOut(long value) => Add(_sends[value] with { Outcome = Outcome.Info });

    /// <summary>Values sent and acknowledged one after the other, at the offsets of the same numbers.</summary>
    public HistoryBuilder Acked(string process, params long[] values)
    {
        foreach (var value in values)
        {
            Send(process, value).Ack(value, value);
        }

        return this;
    }

    /// <summary>A poll of records whose values are their offsets, under leader epoch 1.</summary>
    public HistoryBuilder Poll(string process, params long[] offsets) => PollOf(process, null, [.. offsets.Select(o => new ReadRecord(o, o, 1))]);

    public HistoryBuilder PollOf(string process, string? group, params ReadRecord[] records) => Add(new Operation
    {
        Process = process,
        Kind = OperationKind.Poll,
        Outcome = Outcome.Ok,
        Partition = 0,
        Group = group,
        Records = records,
    });

    public HistoryBuilder PollBelow(long highWatermark, string process, params long[] offsets) => Add(new Operation
    {
        Process = process,
        Kind = OperationKind.Poll,
        Outcome = Outcome.Ok,
        Partition = 0,
        HighWatermark = highWatermark,
        Records = [.. offsets.Select(o => new ReadRecord(o, o, 1))],
    });

    /// <summary>What the final phase reads, values at the offsets of the same numbers.</summary>
    public HistoryBuilder Final(params long[] offsets) => FinalOf([.. offsets.Select(o => new ReadRecord(o, o, 1))]);

    public HistoryBuilder FinalOf(params ReadRecord[] records) => Add(new Operation
    {
        Process = "final",
        Kind = OperationKind.FinalPoll,
        Outcome = Outcome.Ok,
        Partition = 0,
        Records = records,
    });

    public HistoryBuilder Assign(string process) => Add(new Operation { Process = process, Kind = OperationKind.Assign, Outcome = Outcome.Ok, Partitions = [0] });

    /// <summary>A member commits, or somebody reads or resets, the group's offset.</summary>
    public HistoryBuilder Offset(OperationKind kind, string process, long offset) => BeginOffset(kind, process, out var call).EndOffset(kind, process, call, offset);

    public HistoryBuilder BeginOffset(OperationKind kind, string process, out long call) => Add(
        new Operation { Process = process, Kind = kind, Outcome = Outcome.Invoke, Group = Group, Partition = 0, Call = call = _recorder.NextCall() });

    public HistoryBuilder EndOffset(OperationKind kind, string process, long call, long offset) => Add(
        new Operation { Process = process, Kind = kind, Outcome = Outcome.Ok, Group = Group, Partition = 0, Call = call, Offset = offset });

    public HistoryBuilder Add(Operation operation)
    {
        _recorder.Record(operation);
        return this;
    }
}
