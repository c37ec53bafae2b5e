using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Checking;

/// <summary>A record that was sent, and what became of it.</summary>
public sealed class SendFact(Operation invoke)
{
    public Operation Invoke { get; } = invoke;

    /// <summary>How it ended; null when the history ends before.</summary>
    public Operation? Completion { get; set; }

    public bool IsAcknowledged => Completion is { Outcome: Outcome.Ok };

    public bool HasFailed => Completion is { Outcome: Outcome.Fail };

    /// <summary>The first read that returned it.</summary>
    public Operation? FirstRead { get; set; }

    /// <summary>Where it lies, as acknowledged or else as read; -1 when nobody knows.</summary>
    public long Offset { get; set; } = -1;
}
