namespace OrleansStream.Client.Producing.Batching;

/// <summary>
/// What became of the records of a batch. One entry says it for all of them, unless the batch had to be split.
/// </summary>
internal sealed class BatchOutcome
{
    private readonly TopicPartition _partition;
    private readonly PartOutcome[] _parts;

    /// <param name="partition">Where the records were meant to go.</param>
    /// <param name="parts">The fates of consecutive records, in order.</param>
    public BatchOutcome(TopicPartition partition, params PartOutcome[] parts) => (_partition, _parts) = (partition, parts);

    public TopicPartition Partition => _partition;

    public IReadOnlyList<PartOutcome> Parts => _parts;

    /// <summary>The offset of a record.</summary>
    /// <exception cref="OrleansStreamException">It was not stored. Every call makes a new exception: it is thrown to different callers.</exception>
    public RecordMetadata MetadataOf(int recordIndex)
    {
        var part = PartOf(recordIndex);
        return part.Error == ErrorCode.None
            ? new RecordMetadata(_partition, part.OffsetOf(recordIndex))
            : throw part.ToException();
    }

    public DeliveryResult ResultOf(int recordIndex, object? state)
    {
        var part = PartOf(recordIndex);
        return part.Error == ErrorCode.None
            ? new DeliveryResult(_partition, part.OffsetOf(recordIndex), null, state)
            : new DeliveryResult(_partition, Offset.None, part.ToException(), state);
    }

    public bool IsStored(int recordIndex) => PartOf(recordIndex).Error == ErrorCode.None;

    private PartOutcome PartOf(int recordIndex)
    {
        foreach (var part in _parts)
        {
            if (recordIndex < part.FirstRecord + part.RecordCount)
            {
                return part;
            }
        }

        throw new InvalidOperationException($"The batch has no record {recordIndex}.");
    }
}

/// <summary>What became of consecutive records of a batch.</summary>
/// <param name="FirstRecord">The index of the first of them.</param>
/// <param name="RecordCount">How many they are.</param>
/// <param name="BaseOffset">The first one's offset, if they were stored.</param>
/// <param name="Error">Why they were not stored, or <see cref="ErrorCode.None"/>.</param>
/// <param name="Message">What to do about the error.</param>
/// <param name="Cause">The exception behind the error, if there was one.</param>
internal sealed record PartOutcome(
    int FirstRecord, int RecordCount, Offset BaseOffset, ErrorCode Error = ErrorCode.None, string? Message = null, Exception? Cause = null)
{
    public Offset OffsetOf(int recordIndex) => BaseOffset + (recordIndex - FirstRecord);

    public OrleansStreamException ToException() => new(Error, Message!, Cause);
}
