using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Server.Partitions;
using OrleansStream.Testing;
using OrleansStream.Topics;

namespace OrleansStream.Server.Tests.Fakes;

/// <summary>One silo on files for all tests that do not need one of their own, and a client on the other side of a TCP connection.</summary>
public sealed class SiloFixture : IAsyncLifetime
{
    private IHost? _client;

    public OrleansStreamTestHost Host { get; private set; } = null!;

    public IClusterClient Client => _client!.Services.GetRequiredService<IClusterClient>();

    internal PartitionTable Table => Host.Services.GetRequiredService<PartitionTable>();

    public async Task InitializeAsync()
    {
        Host = await OrleansStreamTestHost.StartAsync();
        _client = await OrleansClient.ConnectAsync(Host);
    }

    public async Task DisposeAsync()
    {
        await _client!.StopAsync();
        _client.Dispose();
        await Host.DisposeAsync();
    }

    public static string NewName() => "t-" + Guid.NewGuid().ToString("N");

    public ITopicGrain Topic(string name) => Client.GetGrain<ITopicGrain>(name);

    public IPartitionGrain Partition(PartitionId id) => Client.GetGrain<IPartitionGrain>(id.ToString());

    public Task<TopicDescription> CreateTopicAsync(int partitions = 1, params (string Name, string Value)[] settings) =>
        Topic(NewName()).CreateAsync(partitions, settings.ToDictionary(setting => setting.Name, setting => setting.Value));

    /// <summary>Creates a topic and opens its first partition.</summary>
    public async Task<(PartitionId Id, IStreamEndpoint Endpoint)> OpenPartitionAsync(params (string Name, string Value)[] settings)
    {
        var topic = await CreateTopicAsync(1, settings);
        var id = new PartitionId(topic.TopicId, 0);
        return (id, OverTcp(await Partition(id).GetLeaderAsync()));
    }

    /// <summary>The leader's endpoint as a client reaches it: through the gateway of its silo, without a detour.</summary>
    public IStreamEndpoint OverTcp(PartitionLeader leader) => EndpointOf(Client, leader.EndpointType, leader.Gateway);

    /// <summary>The leader's endpoint as code inside a silo reaches it.</summary>
    public IStreamEndpoint InSilo(PartitionLeader leader) => EndpointOf(Host.ClusterClient, leader.EndpointType, leader.Silo);

    public static IStreamEndpoint EndpointOf(IGrainFactory grains, GrainType type, SiloAddress silo) =>
        grains.GetGrain<IStreamEndpoint>(SystemTargetGrainId.Create(type, silo).GrainId);
}

[CollectionDefinition(Name)]
public sealed class SiloCollection : ICollectionFixture<SiloFixture>
{
    public const string Name = "silo";
}
