namespace OrleansStream.Monitoring;

/// <summary>
/// The buckets in which durations are counted, four to each doubling: fine enough to tell percentiles to a fifth, and few enough to
/// travel once a second.
/// </summary>
public static class LatencyBuckets
{
    /// <summary>The number of buckets. The last one also takes everything longer, which is beyond half a minute.</summary>
    public const int Count = 80;

    private const double FirstBoundMs = 0.05;
    private const int PerDoubling = 4;

    /// <summary>The bucket of a duration.</summary>
    public static int IndexOf(TimeSpan duration)
    {
        var milliseconds = duration.TotalMilliseconds;
        return milliseconds <= FirstBoundMs
            ? 0
            : Math.Min(Count - 1, (int)Math.Ceiling(Math.Log2(milliseconds / FirstBoundMs) * PerDoubling));
    }

    /// <summary>The longest duration that belongs into a bucket.</summary>
    public static TimeSpan UpperBound(int index) => TimeSpan.FromMilliseconds(FirstBoundMs * Math.Pow(2, (double)index / PerDoubling));

    /// <summary>The duration that a share of what was counted did not exceed, to the precision of a bucket.</summary>
    /// <param name="counts">A count for each bucket.</param>
    /// <param name="share">From 0 to 1: 0.99 for the 99th percentile.</param>
    /// <returns>Null when nothing was counted.</returns>
    public static TimeSpan? Percentile(ReadOnlySpan<long> counts, double share)
    {
        var total = 0L;
        foreach (var count in counts)
        {
            total += count;
        }

        var rank = Math.Max(1, (long)Math.Ceiling(total * share));
        var seen = 0L;
        for (var index = 0; index < counts.Length; index++)
        {
            seen += counts[index];
            if (total > 0 && seen >= rank)
            {
                return UpperBound(index);
            }
        }

        return null;
    }
}
