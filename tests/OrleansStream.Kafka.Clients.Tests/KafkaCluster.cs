using OrleansStream.Kafka.Messages;
using OrleansStream.TestServers;

namespace OrleansStream.Kafka.Clients.Tests;

using Confluent.Kafka.Admin;

/// <summary>Three silos and more as processes, on PostgreSQL. Clients are told of the first three alone.</summary>
internal sealed class KafkaCluster : IKafkaServers, IAsyncDisposable
{
    private readonly SiloCluster _silos;

    private KafkaCluster(SiloCluster silos)
    {
        _silos = silos;
        Servers = string.Join(',', silos.Silos.Select(Address));
    }

    public string Servers { get; }

    public IReadOnlyList<SiloProcess> Running => [.. _silos.Silos.Where(silo => silo.IsRunning)];

    public static async Task<KafkaCluster> StartAsync() => new(await SiloCluster.StartAsync(
        3, "--OrleansStream:ClassicGroups:InitialRebalanceDelay=00:00:00", "--OrleansStream:ClassicGroups:MinSessionTimeout=00:00:02"));

    public Task<SiloProcess> AddAsync() => _silos.AddAsync();

    public async Task CreateTopicAsync(string name, int partitions)
    {
        using var admin = this.CreateAdmin();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = name, NumPartitions = partitions, ReplicationFactor = 1 }]);
    }

    /// <summary>The brokers that a silo tells clients of, and whether they lead partitions of a topic.</summary>
    public static async Task<List<(int Port, bool Leads)>> ToldAsync(SiloProcess silo, string topic)
    {
        using var client = await WireClient.ConnectAsync(Address(silo));
        var told = await client.AskAsync<MetadataResponse>(ApiCatalog.Metadata, new MetadataRequest { Topics = [new() { Name = topic }] }, 9);
        var leaders = told.Topics.Single().Partitions.Select(partition => partition.LeaderId).ToHashSet();
        return [.. told.Brokers.Select(broker => (broker.Port, leaders.Contains(broker.NodeId)))];
    }

    /// <summary>The silo that a group's members are sent to.</summary>
    public async Task<SiloProcess> CoordinatorAsync(string group)
    {
        using var client = await WireClient.ConnectAsync(Address(Running[0]));
        var found = await client.AskAsync<FindCoordinatorResponse>(ApiCatalog.FindCoordinator, new FindCoordinatorRequest { Key = group }, 3);
        return Running.Single(silo => silo.Place.KafkaPort == found.Port);
    }

    public ValueTask DisposeAsync() => _silos.DisposeAsync();

    private static string Address(SiloProcess silo) => $"{silo.Place.Address}:{silo.Place.KafkaPort}";
}
