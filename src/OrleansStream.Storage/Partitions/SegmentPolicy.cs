using OrleansStream.Topics;

namespace OrleansStream.Storage.Partitions;

/// <summary>When a segment is closed, and how long it is kept.</summary>
internal static class SegmentPolicy
{
    /// <summary>True when a batch should not go into the active segment any more.</summary>
    public static bool MustRoll(SegmentInfo active, int pendingBytes, int batchBytes, TopicConfiguration configuration, long nowMs)
    {
        var filled = active.SizeInBytes + (long)pendingBytes;
        return filled > 0
            && (filled + batchBytes > configuration.SegmentBytes
                || (active.FirstAppendMs >= 0 && nowMs - active.FirstAppendMs > configuration.SegmentAge.TotalMilliseconds));
    }

    /// <summary>Where the log starts after retention: at the first segment that is kept.</summary>
    /// <param name="segments">Oldest first, the active one last; it is always kept.</param>
    /// <param name="logStart">The log start so far.</param>
    /// <param name="configuration">The limits.</param>
    /// <param name="nowMs">The server's clock.</param>
    public static Offset FindRetainedStart(IReadOnlyList<SegmentInfo> segments, Offset logStart, TopicConfiguration configuration, long nowMs)
    {
        var size = segments.Sum(segment => (long)segment.SizeInBytes);
        var first = 0;
        for (; first < segments.Count - 1; first++)
        {
            var segment = segments[first];
            var isTooOld = configuration.Retention is { } retention && nowMs - Youngest(segment) > retention.TotalMilliseconds;
            var isTooMuch = configuration.RetentionBytes is { } limit && size > limit;
            if (!isTooOld && !isTooMuch)
            {
                break;
            }

            size -= segment.SizeInBytes;
        }

        var retained = segments[first].BaseOffset;
        return retained > logStart ? retained : logStart;
    }

    // Records without a timestamp are as old as their arrival.
    private static long Youngest(SegmentInfo segment) => segment.MaxTimestampMs >= 0 ? segment.MaxTimestampMs : segment.FirstAppendMs;
}
