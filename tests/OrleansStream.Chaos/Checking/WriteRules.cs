namespace OrleansStream.Chaos.Checking;

/// <summary>What was acknowledged is there, what was read stays, what was refused is not there, and nothing comes from nowhere.</summary>
internal static class WriteRules
{
    public static IEnumerable<Anomaly> Check(HistoryFacts facts) => facts.Partitions.SelectMany(
        partition => Missing(partition).Concat(Vanished(partition)).Concat(Uncalled(partition)));

    private static IEnumerable<Anomaly> Missing(PartitionFacts partition) =>
        from send in partition.Sends.Values
        where send.IsAcknowledged && send.FirstRead is null
        let isPassed = partition.OffsetsByValue[send.Invoke.Value].Keys.Max() <= partition.HighestRead
        select new Anomaly(
            isPassed ? AnomalyKind.LostWrite : AnomalyKind.Unseen,
            partition.Partition,
            $"Value {send.Invoke.Value} was acknowledged at offset {send.Offset} and never read; reads came to offset {partition.HighestRead}.",
            [send.Invoke, send.Completion!]);

    private static IEnumerable<Anomaly> Vanished(PartitionFacts partition)
    {
        if (!partition.HasFinalRead)
        {
            return [];
        }

        var atTheEnd = partition.FinalRecords.Values.ToHashSet();
        return
            from send in partition.Sends.Values
            where send.FirstRead is not null && !atTheEnd.Contains(send.Invoke.Value)
            select new Anomaly(
                AnomalyKind.Vanished,
                partition.Partition,
                $"Value {send.Invoke.Value} was read at offset {send.Offset} and is gone at the end.",
                [send.Invoke, send.FirstRead!]);
    }

    private static IEnumerable<Anomaly> Uncalled(PartitionFacts partition)
    {
        foreach (var (value, offsets) in partition.OffsetsByValue)
        {
            if (!partition.Sends.TryGetValue(value, out var send))
            {
                yield return new Anomaly(
                    AnomalyKind.Phantom, partition.Partition, $"Value {value} was read, and nobody sent it to this partition.", [.. offsets.Values.Take(1)]);
            }
            else if (send.HasFailed && send.FirstRead is { } read)
            {
                yield return new Anomaly(
                    AnomalyKind.FailedWriteSeen,
                    partition.Partition,
                    $"Value {value} was refused for good, and was read at offset {send.Offset}.",
                    [.. new[] { send.Invoke, send.Completion!, read }.OrderBy(operation => operation.Index)]);
            }
        }
    }
}
