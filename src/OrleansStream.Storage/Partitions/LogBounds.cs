namespace OrleansStream.Storage.Partitions;

/// <summary>
/// The one place where a log's offsets move. Moves come from the log's own turns, one at a time; anybody may look, and sees
/// four offsets of the same moment. Every move is checked against invariant I1, and none but the recovery point's lag goes back.
/// </summary>
internal sealed class LogBounds(LogOffsets start)
{
    private volatile Box _current = new(start);

    /// <summary>The offsets at this moment.</summary>
    public LogOffsets Current => _current.Value;

    /// <summary>Records were written up to <paramref name="logEnd"/>, and flushed too or not; either way they may be read now.</summary>
    public void Append(Offset logEnd, bool isFlushed)
    {
        var now = Current;
        Move(new LogOffsets(now.LogStart, logEnd, logEnd, isFlushed ? logEnd : now.RecoveryPoint));
    }

    /// <summary>Everything written so far was flushed.</summary>
    public void Flush()
    {
        var now = Current;
        Move(new LogOffsets(now.LogStart, now.HighWatermark, now.LogEnd, now.LogEnd));
    }

    /// <summary>The log begins at <paramref name="logStart"/> from now on.</summary>
    public void Trim(Offset logStart)
    {
        var now = Current;
        Move(new LogOffsets(logStart, now.HighWatermark, now.LogEnd, now.RecoveryPoint));
    }

    private void Move(LogOffsets next)
    {
        var now = Current;
        if (next.LogStart < now.LogStart || next.HighWatermark < now.HighWatermark || next.LogEnd < now.LogEnd
            || next.RecoveryPoint < now.RecoveryPoint)
        {
            throw new InvalidOperationException($"I1 broken: the offsets of a log went back, from {now} to {next}.");
        }

        _current = new Box(next);
    }

    private sealed record Box(LogOffsets Value);
}
