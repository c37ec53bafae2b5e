using OrleansStream.Chaos.Checking;
using OrleansStream.TestServers;

namespace OrleansStream.Chaos.Tests;

/// <summary>The real thing, short: silo processes, load, faults, verdict. `./dev chaos` makes it longer.</summary>
public sealed class ShortRunTests : IDisposable
{
    private readonly string _output = Directory.CreateTempSubdirectory("orleansstream-chaos-").FullName;

    public void Dispose() => Directory.Delete(_output, recursive: true);

    [Fact]
    public async Task A_silo_on_files_that_is_killed_frozen_and_stopped_shows_no_anomaly()
    {
        var options = new ChaosOptions
        {
            Storage = ChaosStorage.Files,
            Silos = 1,
            Partitions = 4,
            Duration = TimeSpan.FromSeconds(8),
            Faults = ["kill", "freeze", "stop"],
            Output = _output,
        };

        var anomalies = await new ChaosRun(options, HostProgram.Path, Console.Out).RunAsync();

        Assert.True(anomalies.Count == 0, Tell(anomalies));
        var report = await File.ReadAllTextAsync(Path.Combine(_output, "seed-1", "report.md"));
        Assert.Contains("No anomaly", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_silos_on_PostgreSQL_that_lose_silos_and_database_show_no_anomaly()
    {
        var options = new ChaosOptions
        {
            Silos = 2,
            Partitions = 6,
            Duration = TimeSpan.FromSeconds(15),
            Faults = ["kill", "freeze", "db-crash", "failover", "log-hang", "log-restart"],
            Output = _output,
        };

        var anomalies = await new ChaosRun(options, HostProgram.Path, Console.Out).RunAsync();

        Assert.True(anomalies.Count == 0, Tell(anomalies));
    }

    private string Tell(IReadOnlyList<Anomaly> anomalies)
    {
        var report = File.ReadAllText(Path.Combine(_output, "seed-1", "report.md"));
        return $"{anomalies.Count} anomalies.{Environment.NewLine}{report}";
    }
}
