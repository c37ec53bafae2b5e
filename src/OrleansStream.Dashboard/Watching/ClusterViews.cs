using System.Globalization;
using OrleansStream.Monitoring;

namespace OrleansStream.Dashboard.Watching;

/// <summary>Makes views of snapshots: a pure function, so that what the map shows can be tested without a cluster.</summary>
internal static class ClusterViews
{
    /// <summary>Rates are differences over this many readings: one alone jitters by what fell on either side of it.</summary>
    public const int RateSpan = 3;

    /// <summary>How long a silo that went away is still shown.</summary>
    public static readonly TimeSpan GoneMemory = TimeSpan.FromMinutes(1);

    /// <summary>The longest history that is kept.</summary>
    public const int MaxSamples = 300;

    /// <param name="previous">The view before; null for the first one, which has no rates.</param>
    /// <param name="snapshot">What was read.</param>
    /// <param name="at">When.</param>
    public static ClusterView Next(ClusterView? previous, ClusterSnapshot snapshot, DateTimeOffset at)
    {
        IReadOnlyList<TimedSnapshot> snapshots = [.. (previous?.Snapshots ?? []).TakeLast(RateSpan), new TimedSnapshot(at, snapshot)];
        var earlier = snapshots.Count > 1 ? snapshots[0] : null;
        var reports = earlier?.Snapshot.Silos.Where(silo => silo.Report is not null).ToDictionary(KeyOf, silo => silo.Report!) ?? [];
        var silos = snapshot.Silos.Select(silo => View(silo, reports.GetValueOrDefault(KeyOf(silo)), previous, at)).ToList();
        silos.AddRange(Gone(previous, silos, at));
        var total = Sum(snapshot, reports, silos);
        return new ClusterView(
            at,
            [.. silos.OrderBy(silo => silo.Name, NaturalOrder.Instance).ThenBy(silo => silo.Key, StringComparer.Ordinal)],
            WithUncertain(Partitions(snapshot, earlier, at), previous, silos),
            snapshot.Pins,
            snapshot.DrainedSilos,
            total)
        {
            Snapshots = snapshots,
            Moves = previous?.Moves ?? [],
            History = earlier is null ? [] : [.. (previous?.History ?? []).TakeLast(MaxSamples - 1), new RateSample(at, total)],
        };
    }

    public static string KeyOf(SiloSnapshot silo) => string.Create(CultureInfo.InvariantCulture, $"{silo.Address}@{silo.Generation}");

    private static SiloView View(SiloSnapshot silo, SiloReport? before, ClusterView? previous, DateTimeOffset at)
    {
        var key = KeyOf(silo);
        var known = previous?.Silos.FirstOrDefault(other => other.Key == key);
        var state = silo.Condition switch
        {
            SiloCondition.Joining => SiloState.Joining,
            SiloCondition.Drained => SiloState.Drained,
            SiloCondition.Stopping => SiloState.Stopping,
            SiloCondition.Suspected => SiloState.Suspected,
            _ => SiloState.Active,
        };
        return new SiloView(
            key,
            silo.Name,
            silo.Address,
            state,
            known?.State == state ? known.Since : at,
            silo.Report?.StartedAt ?? known?.StartedAt,
            silo.Report?.Gateway ?? known?.Gateway,
            silo.Report?.WebAddress ?? known?.WebAddress,
            silo.Report?.OpenPartitionCount ?? 0,
            silo.Report is null ? null : RatesOf(before, silo.Report));
    }

    /// <summary>Silos that were there and are not any more: members leave the snapshot when they are dead, whatever they died of.</summary>
    private static IEnumerable<SiloView> Gone(ClusterView? previous, List<SiloView> there, DateTimeOffset at)
    {
        var keys = there.Select(silo => silo.Key).ToHashSet();
        return (previous?.Silos ?? [])
            .Where(silo => !keys.Contains(silo.Key) && (silo.IsThere || at - silo.Since < GoneMemory))
            .Select(silo => silo.IsThere
                ? silo with { State = silo.State == SiloState.Stopping ? SiloState.Left : SiloState.Dead, Since = at, Rates = null, OpenPartitions = 0 }
                : silo);
    }

    private static Rates RatesOf(SiloReport? before, SiloReport now)
    {
        var readings = Rates.None with { MemoryBytes = now.Counters.MemoryBytes, WaitingFetches = now.Counters.WaitingFetches };
        return SiloRates.Between(before, now) is not { } rates
            ? readings
            : readings with
            {
                ProducedBytes = rates.BytesProduced,
                ProducedRecords = rates.RecordsProduced,
                FetchedBytes = rates.BytesFetched,
                Errors = rates.Errors,
                AckP50 = rates.AckPercentile(0.5),
                AckP99 = rates.AckPercentile(0.99),
                Processors = rates.Processors,
            };
    }

    /// <summary>Percentiles cannot be added up, so they are read off the silos' counts together.</summary>
    private static Rates Sum(ClusterSnapshot snapshot, Dictionary<string, SiloReport> before, List<SiloView> silos)
    {
        var acks = new long[LatencyBuckets.Count];
        foreach (var silo in snapshot.Silos)
        {
            if (silo.Report is { } now && SiloRates.Between(before.GetValueOrDefault(KeyOf(silo)), now) is { } rates)
            {
                for (var bucket = 0; bucket < acks.Length; bucket++)
                {
                    acks[bucket] += rates.Acks[bucket];
                }
            }
        }

        var all = silos.Select(silo => silo.Rates).OfType<Rates>().ToList();
        return new Rates(
            all.Sum(rates => rates.ProducedBytes),
            all.Sum(rates => rates.ProducedRecords),
            all.Sum(rates => rates.FetchedBytes),
            all.Sum(rates => rates.Errors),
            LatencyBuckets.Percentile(acks, 0.5),
            LatencyBuckets.Percentile(acks, 0.99),
            all.Sum(rates => rates.Processors),
            all.Sum(rates => rates.MemoryBytes),
            all.Sum(rates => rates.WaitingFetches));
    }

    private static PartitionView[] Partitions(ClusterSnapshot snapshot, TimedSnapshot? earlier, DateTimeOffset at)
    {
        var before = earlier is null ? [] : Index(earlier.Snapshot);
        var seconds = earlier is null ? 0 : Math.Max(0.001, (at - earlier.At).TotalSeconds);
        return
        [
            .. Index(snapshot).Values
                .Select(place => View(place, before.TryGetValue(place.Id, out var old) ? old : null, seconds))
                .OrderBy(partition => partition.Topic, StringComparer.Ordinal).ThenBy(partition => partition.Id.Partition),
        ];
    }

    /// <summary>
    /// A silo that does not answer most likely still has what it had, unless somebody else has it: it is shown there until the silo
    /// answers again or is declared dead.
    /// </summary>
    private static PartitionView[] WithUncertain(PartitionView[] open, ClusterView? previous, List<SiloView> silos)
    {
        var silent = silos.Where(silo => silo.State == SiloState.Suspected).Select(silo => silo.Key).ToHashSet();
        if (previous is null || silent.Count == 0)
        {
            return open;
        }

        var known = open.Select(partition => partition.Id).ToHashSet();
        var uncertain = previous.Partitions.Where(partition => silent.Contains(partition.Silo) && !known.Contains(partition.Id))
            .Select(partition => partition with { IsCertain = false, ProducedBytes = 0, ProducedRecords = 0, FetchedBytes = 0 });
        return [.. open.Concat(uncertain).OrderBy(partition => partition.Topic, StringComparer.Ordinal).ThenBy(partition => partition.Id.Partition)];
    }

    private static PartitionView View(Place place, Place? before, double seconds)
    {
        var (columns, row) = (place.Report.Partitions, place.Row);
        double produced = 0, records = 0, fetched = 0;
        if (before is not null && seconds > 0)
        {
            var (old, oldRow) = (before.Report.Partitions, before.Row);

            // Offsets go on over a move; what was counted for one opening does not.
            var isSameOpening = old.LeaderEpoch[oldRow] == columns.LeaderEpoch[row];
            records = Math.Max(0, columns.HighWatermark[row] - old.HighWatermark[oldRow]) / seconds;
            produced = Math.Max(0, columns.BytesProduced[row] - (isSameOpening ? old.BytesProduced[oldRow] : 0)) / seconds;
            fetched = Math.Max(0, columns.BytesFetched[row] - (isSameOpening ? old.BytesFetched[oldRow] : 0)) / seconds;
        }

        return new PartitionView(
            place.Id, place.Topic, place.Silo, columns.LeaderEpoch[row], columns.LogStartOffset[row], columns.HighWatermark[row],
            columns.SizeInBytes[row], columns.SegmentCount[row], produced, records, fetched);
    }

    /// <summary>Every open partition once: while one moves two silos may have it, and the later epoch is the one that can write.</summary>
    private static Dictionary<PartitionId, Place> Index(ClusterSnapshot snapshot)
    {
        var places = new Dictionary<PartitionId, Place>();
        foreach (var silo in snapshot.Silos)
        {
            if (silo.Report is not { } report)
            {
                continue;
            }

            var key = KeyOf(silo);
            for (var row = 0; row < report.Partitions.Count; row++)
            {
                var topic = report.Topics[report.Partitions.Topic[row]];
                var id = new PartitionId(topic.TopicId, report.Partitions.Number[row]);
                if (!places.TryGetValue(id, out var other)
                    || other.Report.Partitions.LeaderEpoch[other.Row] < report.Partitions.LeaderEpoch[row])
                {
                    places[id] = new Place(id, topic.Name, key, report, row);
                }
            }
        }

        return places;
    }

    private sealed record Place(PartitionId Id, string Topic, string Silo, SiloReport Report, int Row);
}
