using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using OrleansStream.Client;
using OrleansStream.TestServers;

namespace OrleansStream.Benchmarks.Scale;

/// <summary>Silo processes and databases, each of which can be given a share of CPU.</summary>
internal sealed partial class ScaleCluster : IAsyncDisposable
{
    private static readonly Dictionary<string, string> s_settings = new() { ["max_connections"] = "300", ["max_wal_size"] = "4GB", ["shared_buffers"] = "256MB" };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleansstream-scale-");
    private readonly List<PostgresServer> _servers = [];
    private readonly List<SiloProcess> _silos = [];

    public List<CpuLimit> SiloLimits { get; } = [];

    /// <summary>Of the databases with the records; the first one is the cluster's own as well unless there are several.</summary>
    public List<CpuLimit> LogLimits { get; } = [];

    public OrleansStreamClient Client { get; private set; } = null!;

    /// <param name="silos">How many silos.</param>
    /// <param name="logDatabases">In how many databases the records lie, beside the one of the cluster; 0 for the cluster's own.</param>
    public static async Task<ScaleCluster> StartAsync(int silos, int logDatabases)
    {
        var cluster = new ScaleCluster();
        try
        {
            var main = await cluster.StartServerAsync(isForLogs: logDatabases == 0);
            List<string> words = ["env"];
            for (var number = 1; number <= logDatabases; number++)
            {
                var server = await cluster.StartServerAsync(isForLogs: true);
                words.Add($"OrleansStream__Postgres__Logs__logs{number}__ConnectionString={server.ConnectionString()}");
            }

            await Task.WhenAll(Enumerable.Range(1, silos).Select(number => cluster.StartSiloAsync(number, main.ConnectionString(), words)));
            cluster.Client = await OrleansStreamClient.ConnectAsync(string.Join(',', cluster._silos.Select(silo => silo.Gateway)));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>What a silo's process has in memory.</summary>
    public long ResidentBytes(int silo)
    {
        using var process = Process.GetProcessById(_silos[silo].ProcessId);
        return process.WorkingSet64;
    }

    /// <summary>What a silo's <c>/metrics</c> says: the sum over all labels for each name.</summary>
    public async Task<IReadOnlyDictionary<string, double>> ReadMetricsAsync(int silo)
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync($"http://127.0.0.1:{_silos[silo].Place.HttpPort}/metrics");
        return MetricLine().Matches(text)
            .GroupBy(line => line.Groups["name"].Value, line => double.Parse(line.Groups["value"].Value, CultureInfo.InvariantCulture))
            .ToDictionary(metric => metric.Key, metric => metric.Sum(), StringComparer.Ordinal);
    }

    [GeneratedRegex(@"^(?<name>\w+)(?:\{.*\})? (?<value>[\d.eE+-]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex MetricLine();

    public async ValueTask DisposeAsync()
    {
        if (Client is not null)
        {
            await Client.DisposeAsync();
        }

        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        SiloLimits.ForEach(limit => limit.Dispose());
        LogLimits.ForEach(limit => limit.Dispose());
        _folder.Delete(recursive: true);
    }

    private async Task<PostgresServer> StartServerAsync(bool isForLogs)
    {
        var server = await PostgresServer.StartNewAsync(s_settings);
        _servers.Add(server);
        if (isForLogs)
        {
            var limit = new CpuLimit($"postgres-{server.Port}");
            limit.Add(server.ProcessId);
            LogLimits.Add(limit);
        }

        return server;
    }

    private async Task StartSiloAsync(int number, string connectionString, IReadOnlyList<string> prefix)
    {
        var place = SiloPlace.OnLoopback($"silo-{number}");
        string[] arguments = [.. place.Arguments, "--name", place.Name, "--postgres", connectionString];
        var silo = new SiloProcess(place, Environment.GetEnvironmentVariable("ORLEANSSTREAM_HOST") ?? HostProgram.Path, arguments, Path.Combine(_folder.FullName, $"{place.Name}.log"))
        {
            Prefix = prefix,
        };
        var limit = new CpuLimit($"{place.Name}-{place.SiloPort}");
        lock (_silos)
        {
            _silos.Add(silo);
            SiloLimits.Add(limit);
        }

        await silo.LaunchAsync();
        limit.Add(silo.ProcessId);
        if (!await silo.WaitReadyAsync(CancellationToken.None))
        {
            throw new InvalidOperationException($"{place.Name} did not become ready: {await File.ReadAllTextAsync(Path.Combine(_folder.FullName, $"{place.Name}.log"))}");
        }
    }
}
