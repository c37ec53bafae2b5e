using OrleansStream.Monitoring;

namespace OrleansStream.Cli.Cluster;

/// <summary>What was measured, in the output.</summary>
internal sealed record ClusterStats(IReadOnlyList<SiloStats> Silos, IReadOnlyList<StorageRow> Storage, IReadOnlyList<PartitionStats> Partitions)
{
    /// <param name="before">The earlier snapshot.</param>
    /// <param name="after">The later one.</param>
    /// <param name="storage">How the storage is.</param>
    /// <param name="partitions">How many of the busiest partitions are told.</param>
    public static ClusterStats From(ClusterSnapshot before, ClusterSnapshot after, IReadOnlyList<StorageCheck> storage, int partitions) => new(
        [
            .. after.Silos.Select(silo => SiloStats.From(
                before.Silos.FirstOrDefault(earlier => earlier.Address == silo.Address && earlier.Generation == silo.Generation)?.Report, silo)),
        ],
        [.. storage.Select(check => new StorageRow(check.Name, check.IsHealthy, check.Latency.TotalMilliseconds, check.Message))],
        [.. PartitionStats.From(before, after).Take(partitions)]);
}

/// <summary>One silo in the output; null stands for what is not known because the silo did not answer.</summary>
internal sealed record SiloStats(
    string Name,
    string Address,
    SiloCondition Condition,
    double? BytesProducedPerSecond,
    double? RecordsProducedPerSecond,
    double? BytesFetchedPerSecond,
    double? AckP50Ms,
    double? AckP99Ms,
    double? ErrorsPerSecond,
    double? Processors,
    long? MemoryBytes)
{
    public static SiloStats From(SiloReport? before, SiloSnapshot silo)
    {
        var memory = silo.Report?.Counters.MemoryBytes;
        return silo.Report is { } report && SiloRates.Between(before, report) is { } rates
            ? new SiloStats(
                silo.Name,
                silo.Address,
                silo.Condition,
                rates.BytesProduced,
                rates.RecordsProduced,
                rates.BytesFetched,
                rates.AckPercentile(0.5)?.TotalMilliseconds,
                rates.AckPercentile(0.99)?.TotalMilliseconds,
                rates.Errors,
                rates.Processors,
                memory)
            : new SiloStats(silo.Name, silo.Address, silo.Condition, null, null, null, null, null, null, null, memory);
    }
}

/// <summary>A place where data is kept, in the output.</summary>
internal sealed record StorageRow(string Name, bool IsHealthy, double LatencyMs, string? Message);

/// <summary>An open partition in the output.</summary>
internal sealed record PartitionStats(
    string Topic, int Partition, string Silo, double BytesProducedPerSecond, double RecordsProducedPerSecond, double BytesFetchedPerSecond, long SizeInBytes)
{
    /// <returns>Those that were open on the same silo in both snapshots, the busiest first.</returns>
    public static IEnumerable<PartitionStats> From(ClusterSnapshot before, ClusterSnapshot after)
    {
        var old = Rows(before).ToDictionary(row => row.Key);
        return Rows(after).Where(row => old.ContainsKey(row.Key)).Select(row => Of(old[row.Key], row))
            .OrderByDescending(row => row.BytesProducedPerSecond + row.BytesFetchedPerSecond).ThenBy(row => row.Topic, StringComparer.Ordinal).ThenBy(row => row.Partition);
    }

    private static PartitionStats Of(Row before, Row now)
    {
        var seconds = Math.Max(0.001, (now.Report.Clock - before.Report.Clock).TotalSeconds);
        var (old, columns) = (before.Report.Partitions, now.Report.Partitions);
        return new PartitionStats(
            now.Report.Topics[columns.Topic[now.At]].Name,
            columns.Number[now.At],
            now.Key.Silo,
            (columns.BytesProduced[now.At] - old.BytesProduced[before.At]) / seconds,
            (columns.HighWatermark[now.At] - old.HighWatermark[before.At]) / seconds,
            (columns.BytesFetched[now.At] - old.BytesFetched[before.At]) / seconds,
            columns.SizeInBytes[now.At]);
    }

    private static IEnumerable<Row> Rows(ClusterSnapshot snapshot) =>
        from silo in snapshot.Silos
        where silo.Report is not null
        let report = silo.Report!
        let columns = report.Partitions
        from at in Enumerable.Range(0, columns.Count)
        select new Row((silo.Name, silo.Generation, report.Topics[columns.Topic[at]].TopicId, columns.Number[at], columns.LeaderEpoch[at]), report, at);

    private sealed record Row((string Silo, int Generation, Guid Topic, int Number, int Epoch) Key, SiloReport Report, int At);
}
