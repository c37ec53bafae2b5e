namespace OrleansStream.Storage.Partitions;

/// <summary>Why an opening of a log is over.</summary>
/// <param name="Error">What later calls are refused with.</param>
/// <param name="Message">What to do about it.</param>
/// <param name="IsOrderly">True when the log was closed on purpose, so that nobody has to be alarmed.</param>
/// <param name="Cause">What went wrong, when something did.</param>
internal sealed record LogEnd(ErrorCode Error, string Message, bool IsOrderly = false, Exception? Cause = null)
{
    public static LogEnd Closed(PartitionId partition) =>
        new(ErrorCode.NotLeaderOrFollower, $"The log of {partition} was closed here; look up where the partition is now.", IsOrderly: true);

    public static LogEnd Fenced(PartitionId partition, LeaderEpoch epoch) =>
        new(ErrorCode.FencedLeaderEpoch, $"The log of {partition} was opened again after epoch {epoch}; look up where the partition is now.");

    public static LogEnd Deleted(PartitionId partition) =>
        new(ErrorCode.UnknownTopicId, $"The log of {partition} was deleted.");

    public static LogEnd Failed(PartitionId partition, Exception cause) => cause switch
    {
        // A store that notices only when it writes; nothing is wrong with the log.
        OrleansStreamException { ErrorCode: ErrorCode.FencedLeaderEpoch } fenced => new(fenced.ErrorCode, fenced.Message),
        OrleansStreamException known => new(known.ErrorCode, $"The log of {partition} is offline until it is opened again. {known.Message}", Cause: cause),
        _ => new(ErrorCode.StorageError, $"The log of {partition} is offline until it is opened again: {cause.Message}", Cause: cause),
    };

    /// <summary>The end as an exception of its own: one instance must not be thrown by many.</summary>
    public OrleansStreamException ToException() => new(Error, Message, Cause);
}
