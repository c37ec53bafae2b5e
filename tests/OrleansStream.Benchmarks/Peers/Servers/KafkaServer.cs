using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.TestServers;

namespace OrleansStream.Benchmarks.Peers.Servers;

/// <summary>
/// One broker of Apache Kafka in KRaft mode, broker and controller in one process, with Kafka's default heap of 1 GB. It is taken from the
/// folder of a Kafka installation: <c>lib</c> with its jars, and Java in the path.
/// </summary>
/// <param name="home">The installation's folder.</param>
/// <param name="folder">For its files.</param>
/// <param name="flushesEach">False for Kafka's default, which acknowledges from the page cache; true for a flush of every batch before its acknowledgement.</param>
internal sealed class KafkaServer(string home, string folder, bool flushesEach) : GuardedServer(flushesEach ? FlushName : SideName, folder, "java")
{
    public const string SideName = "Kafka";
    public const string FlushName = "Kafka, flush each";

    private const string HomeVariable = "ORLEANSSTREAM_KAFKA_HOME";

    private readonly int _controllerPort = LocalPort.FindFree();

    protected override IReadOnlyList<string> Arguments => ["-Xms1g", "-Xmx1g", "-XX:+UseG1GC", .. Logging("broker"), "-cp", ClassPath, "kafka.Kafka", Configuration];

    private string ClassPath => Path.Combine(home, "lib", "*");

    private string Configuration => Path.Combine(Folder, "broker.properties");

    /// <summary>Where Kafka is installed; null, with the reason, when it cannot take part.</summary>
    public static string? Find(out string reason)
    {
        var home = Environment.GetEnvironmentVariable(HomeVariable);
        reason = string.IsNullOrEmpty(home) ? $"{HomeVariable} names no folder"
            : !Directory.Exists(Path.Combine(home, "lib")) ? $"{HomeVariable} names {home}, which has no folder lib"
            : "";
        return reason.Length == 0 ? home : null;
    }

    /// <summary>The version, as its jars are named.</summary>
    public static string Version(string home)
    {
        const string prefix = "kafka-clients-";
        var jar = Directory.EnumerateFiles(Path.Combine(home, "lib"), $"{prefix}*.jar").FirstOrDefault();
        return jar is null ? "of unknown version" : Path.GetFileNameWithoutExtension(jar)[prefix.Length..];
    }

    public override async Task PrepareAsync()
    {
        await File.WriteAllLinesAsync(Configuration, Properties());
        var id = Convert.ToBase64String(Guid.NewGuid().ToByteArray()).TrimEnd('=').Replace('+', 'a').Replace('/', 'b');
        string[] words = [.. Logging("tools"), "-cp", ClassPath, "kafka.tools.StorageTool", "format", "-t", id, "-c", Configuration];
        using var format = Process.Start(new ProcessStartInfo("java", words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await format.StandardOutput.ReadToEndAsync() + await format.StandardError.ReadToEndAsync();
        await format.WaitForExitAsync();
        if (format.ExitCode != 0)
        {
            throw new InvalidOperationException($"Kafka's folder could not be formatted: {said}");
        }
    }

    public override async Task CreateTopicAsync(string topic, int partitions)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Bootstrap }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
    }

    private IEnumerable<string> Properties()
    {
        var controller = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_controllerPort}");
        string[] properties =
        [
            "process.roles=broker,controller",
            "node.id=1",
            $"controller.quorum.voters=1@{controller}",
            $"listeners=PLAINTEXT://{Bootstrap},CONTROLLER://{controller}",
            $"advertised.listeners=PLAINTEXT://{Bootstrap}",
            "controller.listener.names=CONTROLLER",
            "inter.broker.listener.name=PLAINTEXT",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            $"log.dirs={Path.Combine(Folder, "data")}",
            "default.replication.factor=1",
            "min.insync.replicas=1",
            "offsets.topic.replication.factor=1",
            "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1",
            "share.coordinator.state.topic.replication.factor=1",
            "share.coordinator.state.topic.min.isr=1",
            "group.initial.rebalance.delay.ms=0",
        ];
        return flushesEach ? [.. properties, "log.flush.interval.messages=1"] : properties;
    }

    private string[] Logging(string which)
    {
        var file = Path.Combine(home, $"log4j2-{which}.properties");
        return File.Exists(file) ? [$"-Dlog4j2.configurationFile={file}"] : [];
    }
}
