namespace OrleansStream.Monitoring;

/// <summary>What a silo did per second between two of its reports.</summary>
/// <param name="BytesProduced">Bytes of record batches stored.</param>
/// <param name="RecordsProduced">Records stored.</param>
/// <param name="BytesFetched">Bytes of record batches handed out.</param>
/// <param name="Errors">Answers with an error.</param>
/// <param name="Processors">Processors in use.</param>
/// <param name="Acks">How many batches became durable after how long, by <see cref="LatencyBuckets"/>: a count, not a rate.</param>
public sealed record SiloRates(double BytesProduced, double RecordsProduced, double BytesFetched, double Errors, double Processors, long[] Acks)
{
    /// <summary>Compares two reports of one life of a silo.</summary>
    /// <param name="before">The earlier one, if there is one.</param>
    /// <param name="now">The later one.</param>
    /// <returns>Null when no time lies between them.</returns>
    public static SiloRates? Between(SiloReport? before, SiloReport now)
    {
        ArgumentNullException.ThrowIfNull(now);
        if (before is null || now.Clock <= before.Clock)
        {
            return null;
        }

        var seconds = (now.Clock - before.Clock).TotalSeconds;
        var (old, counted) = (before.Counters, now.Counters);
        return new SiloRates(
            (counted.BytesProduced - old.BytesProduced) / seconds,
            (counted.RecordsProduced - old.RecordsProduced) / seconds,
            (counted.BytesFetched - old.BytesFetched) / seconds,
            (counted.Errors.Sum(error => error.Count) - old.Errors.Sum(error => error.Count)) / seconds,
            (counted.ProcessorTime - old.ProcessorTime).TotalSeconds / seconds,
            [.. counted.AckLatency.Zip(old.AckLatency, (more, less) => more - less)]);
    }

    /// <summary>The time after which a share of the batches was durable; null when there were none.</summary>
    /// <param name="share">From 0 to 1: 0.99 for the 99th percentile.</param>
    public TimeSpan? AckPercentile(double share) => LatencyBuckets.Percentile(Acks, share);
}
