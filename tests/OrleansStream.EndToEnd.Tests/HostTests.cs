using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>The real host as a process: health, metrics, refusals, and how it stops.</summary>
public sealed partial class HostTests : IDisposable
{
    private const int SigTerm = 15;
    private static readonly HttpClient s_http = new();
    private readonly string _data = Directory.CreateTempSubdirectory("orleansstream-host-").FullName;
    private readonly int[] _ports = [Programs.FreePort(), Programs.FreePort(), Programs.FreePort()];

    private string Url => $"http://127.0.0.1:{_ports[2]}";

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task It_becomes_ready_reports_metrics_and_stops_on_SIGTERM_within_seconds()
    {
        using var host = Programs.Start(Programs.Host, Arguments());
        await ReadyAsync(host);

        Assert.Equal(HttpStatusCode.OK, (await s_http.GetAsync($"{Url}/health/live")).StatusCode);
        Assert.Equal(0, (await Programs.RunAsync(Programs.Host, "--health-check", $"{Url}/health/ready")).ExitCode);
        Assert.Contains("orleansstream", await s_http.GetStringAsync($"{Url}/metrics"), StringComparison.OrdinalIgnoreCase);

        var watch = Stopwatch.StartNew();
        Assert.Equal(0, Kill(host.Id, SigTerm));
        await host.WaitForExitAsync();
        Assert.Equal(0, host.ExitCode);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_data_folder_in_use_is_refused_with_one_line()
    {
        using var host = Programs.Start(Programs.Host, Arguments());
        await ReadyAsync(host);

        var (exitCode, _, error) = await Programs.RunAsync(
            Programs.Host, "--data", _data, "--kafka-port", "none", "--port", $"{Programs.FreePort()}", "--silo-port", $"{Programs.FreePort()}", "--http", $"http://127.0.0.1:{Programs.FreePort()}");

        host.Kill();
        await host.WaitForExitAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains(_data, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task The_demonstration_produces_and_consumes()
    {
        using var host = Programs.Start(Programs.Host, [.. Arguments(), "--demo"]);
        _ = host.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var consumed = (First: 0, Second: 0);
        while (consumed.First == 0 || consumed.Second == 0)
        {
            var line = await host.StandardOutput.ReadLineAsync(timeout.Token);
            Assert.NotNull(line);
            if (DemoPattern().Match(line) is { Success: true } match)
            {
                consumed = (int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
            }
        }

        _ = host.StandardOutput.ReadToEndAsync(timeout.Token);
        Assert.Equal(0, Kill(host.Id, SigTerm));
        await host.WaitForExitAsync(timeout.Token);
        Assert.Equal(0, host.ExitCode);
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Username=x", "cannot be reached")]
    [InlineData("Host=127.0.0.1;Colour=red", "colour")]
    [InlineData("Database=streams", "Host=")]
    [InlineData("", "must not be empty")]
    public async Task A_database_that_cannot_be_used_is_refused_with_one_line_that_names_the_setting(string connectionString, string reason)
    {
        var (exitCode, _, error) = await Programs.RunAsync(
            Programs.Host, $"--postgres={connectionString}", "--kafka-port", "none", "--port", $"{Programs.FreePort()}", "--silo-port", $"{Programs.FreePort()}", "--http", $"http://127.0.0.1:{Programs.FreePort()}");

        Assert.Equal(1, exitCode);
        Assert.Contains(reason, error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("OrleansStream:Postgres:ConnectionString", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    private string[] Arguments() =>
        ["--data", _data, "--kafka-port", "none", "--port", $"{_ports[0]}", "--silo-port", $"{_ports[1]}", "--http", Url];

    private Task ReadyAsync(Process host)
    {
        _ = host.StandardOutput.ReadToEndAsync();
        return Programs.ReadyAsync(host, host.StandardError.ReadToEndAsync(), Url);
    }

    [GeneratedRegex(@"member 1 consumed (\d+), member 2 (\d+)")]
    private static partial Regex DemoPattern();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
