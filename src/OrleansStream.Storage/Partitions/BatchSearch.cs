using OrleansStream.Records;

namespace OrleansStream.Storage.Partitions;

/// <summary>Looks for records inside a stored batch.</summary>
internal static class BatchSearch
{
    /// <summary>Finds the first record of a batch that is neither older than a time nor before an offset.</summary>
    public static TimestampedOffset? FindRecord(ReadOnlyMemory<byte> batch, long timestampMs, Offset start)
    {
        try
        {
            using var records = RecordCursor.Open(batch, ProtocolLimits.MaxRecordBytes);
            while (records.MoveNext())
            {
                if (records.TimestampMs >= timestampMs && records.Offset >= start)
                {
                    return new TimestampedOffset(records.Offset, records.TimestampMs);
                }
            }

            return null;
        }
        catch (OrleansStreamException exception) when (exception.ErrorCode == ErrorCode.CorruptMessage)
        {
            // Records are not decoded when they are stored, so a producer's nonsense comes to light only here. What the
            // batch's header claims is the best answer there is.
            var header = new RecordBatchHeader(batch.Span);
            var first = new Offset(header.BaseOffset);
            return new TimestampedOffset(first > start ? first : start, header.MaxTimestamp);
        }
    }
}
