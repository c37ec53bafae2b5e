using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Tests.Hostile;
using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Tests.Differential;

using Confluent.Kafka;

/// <summary>librdkafka's own small cluster of one broker, which lives in its client's process and listens on the loopback interface.</summary>
internal sealed class ReferenceCluster : IDisposable
{
    private readonly IAdminClient _owner;
    private Dictionary<short, (short Min, short Max)> _versions = [];

    private ReferenceCluster()
    {
        var config = new AdminClientConfig();
        config.Set("test.mock.num.brokers", "1");
        _owner = new AdminClientBuilder(config).SetLogHandler((_, _) => { }).Build();
        Port = _owner.GetMetadata(TimeSpan.FromSeconds(20)).Brokers.Single().Port;
    }

    public int Port { get; }

    public static async Task<ReferenceCluster> StartAsync()
    {
        var cluster = new ReferenceCluster();
        using var client = await RawClient.ConnectAsync(cluster.Port);
        var versions = await client.AskAsync<ApiVersionsRequest, ApiVersionsResponse>(new(), 0);
        cluster._versions = versions.ApiKeys.ToDictionary(api => api.ApiKey, api => (api.MinVersion, api.MaxVersion));
        return cluster;
    }

    public (short From, short To) VersionsInCommon(ApiDescription api)
    {
        Assert.True(_versions.TryGetValue((short)api.Key, out var theirs), $"The reference does not know {api.Key}.");
        return (Math.Max(api.MinVersion, theirs.Min), Math.Min(api.MaxVersion, theirs.Max));
    }

    public void Dispose() => _owner.Dispose();
}
