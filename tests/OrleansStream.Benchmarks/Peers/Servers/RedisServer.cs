using System.Diagnostics;
using System.Globalization;
using OrleansStream.Benchmarks.Peers.Clients;

namespace OrleansStream.Benchmarks.Peers.Servers;

/// <summary>Redis with an append-only file and no snapshots beside it; a topic is a stream for each partition.</summary>
/// <param name="folder">For its files.</param>
/// <param name="flushesEach">True for an fsync before each answer (<c>appendfsync always</c>); false for one a second, which is its default.</param>
internal sealed class RedisServer(string folder, bool flushesEach) : GuardedServer(flushesEach ? AlwaysName : EverySecondName, folder, Program)
{
    public const string AlwaysName = "Redis, fsync always";
    public const string EverySecondName = "Redis, fsync each second";

    private const string Program = "redis-server";

    public override ReadOnlyMemory<byte> Question { get; } = "PING\r\n"u8.ToArray();

    protected override IReadOnlyList<string> Arguments =>
    [
        "--bind", "127.0.0.1",
        "--port", Port.ToString(CultureInfo.InvariantCulture),
        "--dir", Folder,
        "--save", "",
        "--appendonly", "yes",
        "--appendfsync", flushesEach ? "always" : "everysec",
    ];

    /// <summary>The version of the server that is installed; null, with the reason, when it cannot take part.</summary>
    public static string? FindVersion(out string reason)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, Program)).FirstOrDefault(File.Exists);
        if (path is null)
        {
            reason = $"{Program} is not in PATH; install it, on Debian or Ubuntu with apt-get install redis-server";
            return null;
        }

        using var process = Process.Start(new ProcessStartInfo(path, "--version") { RedirectStandardOutput = true })!;
        var said = process.StandardOutput.ReadToEnd();
        reason = "";
        return said.Split(' ').FirstOrDefault(word => word.StartsWith("v=", StringComparison.Ordinal))?[2..] ?? "of unknown version";
    }

    public override IPeerClient CreateClient() => new RedisClient(Bootstrap);

    /// <summary>Streams come to be with their first record.</summary>
    public override Task CreateTopicAsync(string topic, int partitions) => Task.CompletedTask;
}
