namespace OrleansStream.Storage;

/// <summary>
/// The offsets that bound a log. The constructor checks invariant I1: log start ≤ high watermark ≤ log end, and
/// recovery point ≤ log end.
/// </summary>
public readonly record struct LogOffsets
{
    /// <summary>Takes the four offsets.</summary>
    /// <exception cref="InvalidOperationException">They contradict invariant I1.</exception>
    public LogOffsets(Offset logStart, Offset highWatermark, Offset logEnd, Offset recoveryPoint)
    {
        if (logStart < Offset.Zero || logStart > highWatermark || highWatermark > logEnd || recoveryPoint > logEnd)
        {
            throw new InvalidOperationException(
                $"I1 broken: log start {logStart} ≤ high watermark {highWatermark} ≤ log end {logEnd}, recovery point {recoveryPoint} ≤ log end.");
        }

        LogStart = logStart;
        HighWatermark = highWatermark;
        LogEnd = logEnd;
        RecoveryPoint = recoveryPoint;
    }

    /// <summary>The first offset that can be read.</summary>
    public Offset LogStart { get; }

    /// <summary>Every record below it is durable, by the topic's flush mode, and may be read.</summary>
    public Offset HighWatermark { get; }

    /// <summary>The offset that the next record will get.</summary>
    public Offset LogEnd { get; }

    /// <summary>Every record below it was flushed.</summary>
    public Offset RecoveryPoint { get; }
}
