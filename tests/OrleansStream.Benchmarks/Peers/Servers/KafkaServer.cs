using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.TestServers;

namespace OrleansStream.Benchmarks.Peers.Servers;

/// <summary>One broker of Apache Kafka in KRaft mode, broker and controller in one process, with Kafka's default heap of 1 GB.</summary>
/// <param name="home">Where it is installed; see <see cref="KafkaInstallation"/>.</param>
/// <param name="folder">For its files.</param>
/// <param name="flushesEach">False for Kafka's default, which acknowledges from the page cache; true for a flush of every batch before its acknowledgement.</param>
internal sealed class KafkaServer(string home, string folder, bool flushesEach) : GuardedServer(flushesEach ? FlushName : SideName, folder, "java")
{
    public const string SideName = "Kafka";
    public const string FlushName = "Kafka, flush each";

    private IReadOnlyList<string>? _arguments;

    protected override IReadOnlyList<string> Arguments => _arguments ?? throw new InvalidOperationException("It was not prepared.");

    /// <summary>Where Kafka is installed; null, with the reason, when it cannot take part.</summary>
    public static string? Find(out string reason) => KafkaInstallation.FindHome(out reason);

    /// <summary>The version, as its jars are named.</summary>
    public static string Version(string home) => new KafkaInstallation(home).Version;

    public override async Task PrepareAsync() => _arguments = await new KafkaInstallation(home).PrepareBrokerAsync(
        Folder, Port, LocalPort.FindFree(), flushesEach ? ["log.flush.interval.messages=1"] : []);

    public override async Task CreateTopicAsync(string topic, int partitions)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Bootstrap }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
    }
}
