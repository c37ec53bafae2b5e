using OrleansStream.Placement;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Topics;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Placement;

/// <summary>Where people ask about placement and decide about it. It writes to the store and then tells every silo. Safe for concurrent use.</summary>
internal sealed class PlacementDesk(
    ICatalog catalog, IPlacementStore store, PlacementMap map, PlacementBroadcast broadcast, IGrainFactory grains, EndpointAddress address)
{
    private const int MaxPartitionsPerSilo = 10_000;

    public async Task<PlacementDescription> DescribeAsync(int limit)
    {
        if (limit is < 0 or > MaxPartitionsPerSilo)
        {
            throw new OrleansStreamException(ErrorCode.InvalidRequest, $"0 to {MaxPartitionsPerSilo} partitions of a silo are told, not {limit}.");
        }

        var view = map.View;
        var overrides = await store.ReadAsync(0, CancellationToken.None);
        var silos = await Task.WhenAll(view.Active.Select(silo => DescribeAsync(silo, view.Owners.Contains(silo.Address), limit)));
        var pins = overrides!.Pins.OrderBy(pin => pin.Partition.TopicId).ThenBy(pin => pin.Partition.Partition);
        var names = await FindNamesAsync(
            silos.SelectMany(silo => silo.Partitions).Select(open => open.Partition).Concat(overrides.Pins.Select(pin => pin.Partition)));
        return new PlacementDescription(
            [
                .. silos.OrderBy(silo => silo.Address, StringComparer.Ordinal).Select(silo => silo with
                {
                    Partitions = [.. silo.Partitions.Select(open => open with { Topic = names[open.Partition.TopicId] })],
                }),
            ],
            [.. pins.Select(pin => pin with { Topic = names[pin.Partition.TopicId] })],
            [.. overrides.DrainedSilos.Order(StringComparer.Ordinal)]);
    }

    public async Task PinAsync(string topic, int partition, string silo)
    {
        var id = await FindPartitionAsync(topic, partition);
        await store.PinAsync(id, await FindSiloAsync(silo), CancellationToken.None);
        await broadcast.OverridesChangedAsync();
    }

    public async Task UnpinAsync(string topic, int partition)
    {
        if (!await store.UnpinAsync(await FindPartitionAsync(topic, partition), CancellationToken.None))
        {
            throw new OrleansStreamException(ErrorCode.InvalidRequest, $"Partition {partition} of '{topic}' is not pinned.");
        }

        await broadcast.OverridesChangedAsync();
    }

    public async Task DrainAsync(string silo)
    {
        await store.DrainAsync(await FindSiloAsync(silo), CancellationToken.None);
        await broadcast.OverridesChangedAsync();
    }

    public async Task UndrainAsync(string silo)
    {
        // What is noted may be the silo's name or its address, whichever it was drained by.
        var noted = (await store.ReadAsync(0, CancellationToken.None))!.DrainedSilos;
        var member = await TryFindSiloAsync(silo);
        var names = noted.Where(name => name == silo || member?.IsNamed(name) == true).ToList();
        if (names.Count == 0)
        {
            throw new OrleansStreamException(
                ErrorCode.InvalidRequest, $"Silo '{silo}' is not drained; drained are: {(noted.Count == 0 ? "none" : string.Join(", ", noted))}.");
        }

        foreach (var name in names)
        {
            await store.UndrainAsync(name, CancellationToken.None);
        }

        await broadcast.OverridesChangedAsync();
    }

    public async Task<PartitionMove[]> ListMovesAsync(long? before, int limit)
    {
        var moves = await store.ListMovesAsync(before, limit, CancellationToken.None);
        var names = await FindNamesAsync(moves.Select(move => move.Partition));
        return [.. moves.Select(move => move with { Topic = names[move.Partition.TopicId] })];
    }

    private async Task<SiloPlacement> DescribeAsync(PlacementSilo silo, bool takesPartitions, int limit)
    {
        var text = silo.Address.Endpoint.ToString();
        try
        {
            var endpoint = address.On(grains, silo.Address);
            var count = await endpoint.CountOpenPartitionsAsync();
            return new SiloPlacement(silo.Name, text, takesPartitions, count, limit == 0 ? [] : await endpoint.ListOpenPartitionsAsync(limit));
        }
        catch (Exception unreachable) when (unreachable is TimeoutException or OrleansMessageRejectionException)
        {
            return new SiloPlacement(silo.Name, text, takesPartitions, -1, []);
        }
    }

    private async Task<Dictionary<Guid, string?>> FindNamesAsync(IEnumerable<PartitionId> partitions)
    {
        var names = new Dictionary<Guid, string?>();
        foreach (var topicId in partitions.Select(partition => partition.TopicId).Distinct())
        {
            names[topicId] = (await catalog.FindTopicAsync(topicId, CancellationToken.None))?.Name;
        }

        return names;
    }

    private async Task<PartitionId> FindPartitionAsync(string topic, int partition)
    {
        TopicDescription found = await catalog.FindTopicAsync(topic, CancellationToken.None) ?? throw TopicErrors.UnknownTopic(topic);
        return partition >= 0 && partition < found.PartitionCount
            ? new PartitionId(found.TopicId, partition)
            : throw new OrleansStreamException(
                ErrorCode.UnknownTopicOrPartition, $"Topic '{topic}' has {found.PartitionCount} partitions, counted from 0; there is no partition {partition}.");
    }

    /// <returns>How the silo is to be noted: by name or address, as it was given; by address when it was given by its gateway.</returns>
    private async Task<string> FindSiloAsync(string silo) => await TryFindSiloAsync(silo) is { } found
        ? found.IsNamed(silo) ? silo : found.Address.Endpoint.ToString()
        : throw new OrleansStreamException(
            ErrorCode.InvalidRequest,
            $"There is no active silo '{silo}'; active are: {string.Join(", ", map.View.Active.Select(member => $"{member.Name} ({member.Address.Endpoint})"))}.");

    private async Task<PlacementSilo?> TryFindSiloAsync(string silo)
    {
        foreach (var member in map.View.Active)
        {
            if (member.IsNamed(silo))
            {
                return member;
            }
        }

        var hosts = await grains.GetGrain<IManagementGrain>(0).GetDetailedHosts(onlyActive: true);
        return hosts.FirstOrDefault(host => $"{host.SiloAddress.Endpoint.Address}:{host.ProxyPort}" == silo) is { } named
            ? new PlacementSilo(named.SiloAddress, named.SiloName)
            : null;
    }
}
