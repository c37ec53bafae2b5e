using System.Diagnostics;

namespace OrleansStream.TestServers;

/// <summary>Apache Kafka as it is installed on this machine: a folder <c>lib</c> with its jars, and Java in the path. Nothing needs it; what compares with it says so when it is not there.</summary>
/// <param name="home">The folder.</param>
public sealed class KafkaInstallation(string home)
{
    private const string HomeVariable = "ORLEANSSTREAM_KAFKA_HOME";

    /// <summary>The version, as its jars are named.</summary>
    public string Version
    {
        get
        {
            const string prefix = "kafka-clients-";
            var jar = Directory.EnumerateFiles(Path.Combine(home, "lib"), $"{prefix}*.jar").FirstOrDefault();
            return jar is null ? "of unknown version" : Path.GetFileNameWithoutExtension(jar)[prefix.Length..];
        }
    }

    private string ClassPath => Path.Combine(home, "lib", "*");

    /// <summary>Where it is, as the environment says; null, with the reason, when it is not there.</summary>
    public static string? FindHome(out string reason)
    {
        var home = Environment.GetEnvironmentVariable(HomeVariable);
        reason = string.IsNullOrEmpty(home) ? $"{HomeVariable} names no folder"
            : !Directory.Exists(Path.Combine(home, "lib")) ? $"{HomeVariable} names {home}, which has no folder lib"
            : "";
        return reason.Length == 0 ? home : null;
    }

    /// <summary>Prepares the folder of one broker that is its own controller, without replicas.</summary>
    /// <param name="folder">Takes its configuration and its data.</param>
    /// <param name="port">The port of 127.0.0.1 that clients connect to.</param>
    /// <param name="controllerPort">The port that it talks to itself on.</param>
    /// <param name="settings">Further settings, as <c>name=value</c>.</param>
    /// <returns>The arguments to start it by with <c>java</c>.</returns>
    public async Task<IReadOnlyList<string>> PrepareBrokerAsync(string folder, int port, int controllerPort, params IEnumerable<string> settings)
    {
        var configuration = Path.Combine(folder, "broker.properties");
        await File.WriteAllLinesAsync(configuration, [.. Properties(folder, port, controllerPort), .. settings]);
        var id = Convert.ToBase64String(Guid.NewGuid().ToByteArray()).TrimEnd('=').Replace('+', 'a').Replace('/', 'b');
        string[] words = [.. Logging("tools"), "-cp", ClassPath, "kafka.tools.StorageTool", "format", "-t", id, "-c", configuration];
        using var format = Process.Start(new ProcessStartInfo("java", words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await format.StandardOutput.ReadToEndAsync() + await format.StandardError.ReadToEndAsync();
        await format.WaitForExitAsync();
        return format.ExitCode == 0
            ? ["-Xms1g", "-Xmx1g", "-XX:+UseG1GC", .. Logging("broker"), "-cp", ClassPath, "kafka.Kafka", configuration]
            : throw new InvalidOperationException($"Kafka's folder could not be formatted: {said}");
    }

    private static IEnumerable<string> Properties(string folder, int port, int controllerPort) =>
    [
        "process.roles=broker,controller",
        "node.id=1",
        $"controller.quorum.voters=1@127.0.0.1:{controllerPort}",
        $"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}",
        $"advertised.listeners=PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names=CONTROLLER",
        "inter.broker.listener.name=PLAINTEXT",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        $"log.dirs={Path.Combine(folder, "data")}",
        "default.replication.factor=1",
        "min.insync.replicas=1",
        "offsets.topic.replication.factor=1",
        "transaction.state.log.replication.factor=1",
        "transaction.state.log.min.isr=1",
        "share.coordinator.state.topic.replication.factor=1",
        "share.coordinator.state.topic.min.isr=1",
        "group.initial.rebalance.delay.ms=0",
    ];

    private string[] Logging(string which)
    {
        var file = Path.Combine(home, $"log4j2-{which}.properties");
        return File.Exists(file) ? [$"-Dlog4j2.configurationFile={file}"] : [];
    }
}
