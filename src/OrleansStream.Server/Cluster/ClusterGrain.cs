using System.Reflection;
using Orleans.Concurrency;
using OrleansStream.Grains;
using OrleansStream.Groups;
using OrleansStream.Monitoring;
using OrleansStream.Placement;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Groups;
using OrleansStream.Server.Monitoring;
using OrleansStream.Server.Placement;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Cluster;

/// <summary>Reads what concerns the cluster as a whole; every silo does that by itself.</summary>
[StatelessWorker]
internal sealed class ClusterGrain(
    ICatalog catalog, IGroupStore groups, ProducerIdBlock producerIds, EndpointAddress address, PlacementDesk placement, ClusterReporter reporter)
    : Grain, IClusterGrain
{
    private const int MaxPageSize = 1000;

    private static readonly string s_version =
        typeof(ClusterGrain).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public async Task<ClusterDescription> DescribeAsync()
    {
        var clusterId = await catalog.GetClusterIdAsync(CancellationToken.None);
        var members = await GrainFactory.GetGrain<IManagementGrain>(0).GetDetailedHosts(onlyActive: true);
        var silos = await Task.WhenAll(members.Select(DescribeAsync));
        return new ClusterDescription(clusterId, s_version, [.. silos.OrderBy(silo => silo.Address, StringComparer.Ordinal)]);
    }

    public async Task<TopicDescription[]> ListTopicsAsync(string prefix, string? after, int limit)
    {
        CheckLimit(limit);
        return [.. await catalog.ListTopicsAsync(prefix ?? "", after, limit, CancellationToken.None)];
    }

    public async Task<GroupListing[]> ListGroupsAsync(string prefix, string? after, int limit)
    {
        CheckLimit(limit);
        var found = await groups.ListAsync(prefix ?? "", after, limit, CancellationToken.None);
        return [.. found.Select(GroupDocument.ToListing)];
    }

    public Task<long> AllocateProducerIdAsync() => producerIds.TakeAsync(CancellationToken.None);

    public Task<PlacementDescription> DescribePlacementAsync(int limit) => placement.DescribeAsync(limit);

    public Task PinAsync(string topic, int partition, string silo) => placement.PinAsync(topic, partition, silo);

    public Task UnpinAsync(string topic, int partition) => placement.UnpinAsync(topic, partition);

    public Task DrainAsync(string silo) => placement.DrainAsync(silo);

    public Task UndrainAsync(string silo) => placement.UndrainAsync(silo);

    public Task<PartitionMove[]> ListMovesAsync(long? before, int limit)
    {
        CheckLimit(limit);
        return placement.ListMovesAsync(before, limit);
    }

    public Task<ClusterSnapshot> SnapshotAsync(int limit) => reporter.SnapshotAsync(limit);

    public Task<StorageCheck[]> CheckStorageAsync() => reporter.CheckStorageAsync();

    private async Task<SiloDescription> DescribeAsync(MembershipEntry member)
    {
        var silo = member.SiloAddress;
        var gateway = member.ProxyPort > 0 ? $"{silo.Endpoint.Address}:{member.ProxyPort}" : null;
        return new SiloDescription(
            member.SiloName, silo.Endpoint.ToString(), gateway, member.Status.ToString(),
            new DateTimeOffset(DateTime.SpecifyKind(member.StartTime, DateTimeKind.Utc)), await CountOpenPartitionsAsync(silo));
    }

    private async Task<int> CountOpenPartitionsAsync(SiloAddress silo)
    {
        try
        {
            return await address.On(GrainFactory, silo).CountOpenPartitionsAsync();
        }
        catch (Exception unreachable) when (unreachable is TimeoutException or OrleansMessageRejectionException)
        {
            return -1;
        }
    }

    private static void CheckLimit(int limit)
    {
        if (limit is < 1 or > MaxPageSize)
        {
            throw new OrleansStreamException(ErrorCode.InvalidRequest, $"A page holds 1 to {MaxPageSize} entries, not {limit}.");
        }
    }
}
