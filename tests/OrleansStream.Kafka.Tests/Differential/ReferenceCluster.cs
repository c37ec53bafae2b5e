namespace OrleansStream.Kafka.Tests.Differential;

using Confluent.Kafka;

/// <summary>librdkafka's own small cluster of one broker, which lives in its client's process and listens on the loopback interface.</summary>
internal sealed class ReferenceCluster : IDisposable
{
    private readonly IAdminClient _owner;

    public ReferenceCluster()
    {
        var config = new AdminClientConfig();
        config.Set("test.mock.num.brokers", "1");
        _owner = new AdminClientBuilder(config).SetLogHandler((_, _) => { }).Build();
        Port = _owner.GetMetadata(TimeSpan.FromSeconds(20)).Brokers.Single().Port;
    }

    public int Port { get; }

    public void Dispose() => _owner.Dispose();
}
