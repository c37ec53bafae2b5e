using OrleansStream.Monitoring;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Partitions;
using OrleansStream.Server.Placement;
using OrleansStream.Storage;

namespace OrleansStream.Server.Monitoring;

/// <summary>
/// Puts the silos' reports together. What it knows by itself is in memory: the membership and the decisions about placement. Safe
/// for concurrent use.
/// </summary>
internal sealed class ClusterReporter(
    IClusterMembershipService membership, PlacementMap map, ICatalog catalog, LogStores stores, IGrainFactory grains, EndpointAddress address, TimeProvider time)
{
    private const int MaxPartitionsPerSilo = 10_000;

    /// <summary>As long as a readiness probe waits.</summary>
    private static readonly TimeSpan s_storageTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Partition and topic ids that nobody has: asking for them is a small question.</summary>
    private static readonly PartitionId s_nobody = new(Guid.Empty, 0);

    public async Task<ClusterSnapshot> SnapshotAsync(int limit)
    {
        if (limit is < 0 or > MaxPartitionsPerSilo)
        {
            throw new OrleansStreamException(ErrorCode.InvalidRequest, $"0 to {MaxPartitionsPerSilo} partitions of a silo are told, not {limit}.");
        }

        var view = map.View;
        var members = membership.CurrentSnapshot.Members.Values.Where(member => member.Status is not (SiloStatus.Dead or SiloStatus.None));
        var snapshots = await Task.WhenAll(members.Select(member => LookAtAsync(member, view, limit)));
        return new ClusterSnapshot(
            [.. snapshots.OrderBy(silo => silo.Address, StringComparer.Ordinal).ThenBy(silo => silo.Generation)],
            [.. view.Overrides.Pins],
            [.. view.Overrides.DrainedSilos.Order(StringComparer.Ordinal)]);
    }

    public async Task<StorageCheck[]> CheckStorageAsync() => await Task.WhenAll(
    [
        CheckAsync("catalog", async () => await catalog.FindTopicAsync(s_nobody.TopicId, CancellationToken.None)),
        .. stores.All.Select(store => CheckAsync(store.Name, async () => await store.DescribeAsync(s_nobody, CancellationToken.None))),
    ]);

    private async Task<SiloSnapshot> LookAtAsync(ClusterMember member, PlacementView view, int limit)
    {
        var report = member.Status == SiloStatus.Active ? await TryReportAsync(member.SiloAddress, limit) : null;
        var condition = member.Status switch
        {
            SiloStatus.Created or SiloStatus.Joining => SiloCondition.Joining,
            not SiloStatus.Active => SiloCondition.Stopping,
            _ when report is null => SiloCondition.Suspected,
            _ when view.Drained.Contains(member.SiloAddress) => SiloCondition.Drained,
            _ when view.Owners.Contains(member.SiloAddress) => SiloCondition.Active,

            // A silo that the view has not taken in yet is about to get its share; one that it has, and that owns nothing, stops.
            _ => view.Active.Any(active => active.Address == member.SiloAddress) ? SiloCondition.Stopping : SiloCondition.Joining,
        };
        return new SiloSnapshot(member.Name, member.SiloAddress.Endpoint.ToString(), member.SiloAddress.Generation, condition, report);
    }

    private async Task<StorageCheck> CheckAsync(string name, Func<Task> ask)
    {
        var start = time.GetTimestamp();
        try
        {
            await ask().WaitAsync(s_storageTimeout, time);
            return new StorageCheck(name, true, time.GetElapsedTime(start));
        }
        catch (TimeoutException)
        {
            return new StorageCheck(name, false, time.GetElapsedTime(start), $"No answer within {s_storageTimeout.TotalSeconds} s.");
        }
        catch (OrleansStreamException failure)
        {
            return new StorageCheck(name, false, time.GetElapsedTime(start), failure.Message);
        }
    }

    /// <returns>Null when the silo does not answer in time.</returns>
    private async Task<SiloReport?> TryReportAsync(SiloAddress silo, int limit)
    {
        try
        {
            return await address.On(grains, silo).ReportAsync(limit);
        }
        catch (Exception unreachable) when (unreachable is TimeoutException or OrleansMessageRejectionException)
        {
            return null;
        }
    }
}
