using System.Text.Json.Serialization;

namespace OrleansStream.Chaos.History;

/// <summary>What a process of the workload, or the nemesis, did.</summary>
public enum OperationKind
{
    /// <summary>A record was handed to a producer; completed by its acknowledgement.</summary>
    Send,

    /// <summary>Consecutive records of one partition came out of a consumer.</summary>
    Poll,

    /// <summary>As <see cref="Poll"/>, by the reader of the final phase, which begins at the beginning and ends at the end.</summary>
    FinalPoll,

    /// <summary>The process consumes these partitions from now on; what it read of them before says nothing about the order of what comes.</summary>
    Assign,

    /// <summary>The process consumes these partitions no more.</summary>
    Revoke,

    /// <summary>A group member committed an offset.</summary>
    Commit,

    /// <summary>The group's committed offset of a partition was read.</summary>
    Committed,

    /// <summary>A group's committed offset was set by hand, which may go backwards.</summary>
    Reset,

    /// <summary>The nemesis broke something, or mended it.</summary>
    Fault,

    /// <summary>A step of the run; a failed one means that the cluster did not recover in time.</summary>
    Phase,
}

/// <summary>How far an operation came.</summary>
public enum Outcome
{
    /// <summary>It began.</summary>
    Invoke,

    /// <summary>It happened.</summary>
    Ok,

    /// <summary>It certainly did not happen, and never will.</summary>
    Fail,

    /// <summary>Nobody knows: it may have happened, or happen later.</summary>
    Info,
}

/// <summary>One line of a history. Lines are in the order in which they were observed: what ended before something began stands above it.</summary>
public sealed record Operation
{
    /// <summary>The number of the line, from 0.</summary>
    public long Index { get; init; }

    /// <summary>Microseconds since the run began.</summary>
    public long Micros { get; init; }

    /// <summary>Who did it; one process does one thing after the other, except that a producer's sends overlap.</summary>
    public required string Process { get; init; }

    public required OperationKind Kind { get; init; }

    public required Outcome Outcome { get; init; }

    /// <summary>Joins the beginning with the completion; 0 for operations of a single line.</summary>
    public long Call { get; init; }

    /// <summary>The partition; -1 when it concerns none or several.</summary>
    public int Partition { get; init; } = -1;

    /// <summary>The record's value, unique in its partition; -1 when there is none.</summary>
    public long Value { get; init; } = -1;

    /// <summary>The offset that was acknowledged, committed or read; -1 when there is none.</summary>
    public long Offset { get; init; } = -1;

    /// <summary>The high watermark that came with a poll; -1 when the reader was not told.</summary>
    public long HighWatermark { get; init; } = -1;

    /// <summary>The consumer group of a poll, a commit or a committed offset.</summary>
    public string? Group { get; init; }

    /// <summary>What a poll returned.</summary>
    public IReadOnlyList<ReadRecord>? Records { get; init; }

    /// <summary>The partitions of an assignment or a revocation.</summary>
    public IReadOnlyList<int>? Partitions { get; init; }

    /// <summary>For people: the error, the fault, the phase.</summary>
    public string? Note { get; init; }

    /// <summary>One line for reports.</summary>
    public override string ToString()
    {
        var parts = new List<string> { FormattableString.Invariant($"#{Index} {Micros / 1e6:0.000}s {Process} {Kind} {Outcome}") };
        Add(Partition >= 0, $"partition {Partition}");
        Add(Value >= 0, $"value {Value}");
        Add(Offset >= 0, $"offset {Offset}");
        Add(HighWatermark >= 0, $"high watermark {HighWatermark}");
        Add(Group is not null, $"group {Group}");
        if (Records is { Count: > 0 } read)
        {
            Add(true, $"offsets {read[0].Offset}..{read[^1].Offset} ({read.Count} records)");
        }

        Add(Partitions is not null, $"partitions {string.Join(' ', Partitions ?? [])}");
        Add(Note is not null, $"{Note}");
        return string.Join(", ", parts);

        void Add(bool isThere, FormattableString text)
        {
            if (isThere)
            {
                parts.Add(FormattableString.Invariant(text));
            }
        }
    }
}

/// <summary>A record as a reader saw it; three numbers in an array, to keep histories small.</summary>
[JsonConverter(typeof(ReadRecordConverter))]
public readonly record struct ReadRecord(long Offset, long Value, int LeaderEpoch);
