using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>The real host as a process: health, metrics, refusals, and how it stops.</summary>
public sealed partial class HostTests : IDisposable
{
    private const int SigTerm = 15;
    private static readonly HttpClient s_http = new();
    private readonly string _data = Directory.CreateTempSubdirectory("orleansstream-host-").FullName;
    private readonly int[] _ports = [Programs.FreePort(), Programs.FreePort(), Programs.FreePort()];

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task It_becomes_ready_reports_metrics_and_stops_on_SIGTERM_within_seconds()
    {
        using var host = Programs.Start(Programs.Host, Arguments());
        await ReadyAsync(host);

        Assert.Equal(HttpStatusCode.OK, (await s_http.GetAsync($"http://127.0.0.1:{_ports[2]}/health/live")).StatusCode);
        Assert.Contains("orleansstream", await s_http.GetStringAsync($"http://127.0.0.1:{_ports[2]}/metrics"), StringComparison.OrdinalIgnoreCase);

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
            Programs.Host, "--data", _data, "--port", $"{Programs.FreePort()}", "--silo-port", $"{Programs.FreePort()}", "--http", $"http://127.0.0.1:{Programs.FreePort()}");

        host.Kill();
        await host.WaitForExitAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains(_data, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task A_wrong_setting_is_refused_by_its_name()
    {
        var (exitCode, _, error) = await Programs.RunAsync(Programs.Host, "--data", _data, "--OrleansStream:GatewayPort=99999");

        Assert.Equal(1, exitCode);
        Assert.Contains("GatewayPort", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Username=x", "cannot be reached")]
    [InlineData("Host=127.0.0.1;Colour=red", "colour")]
    [InlineData("Database=streams", "Host=")]
    [InlineData("", "must not be empty")]
    public async Task A_database_that_cannot_be_used_is_refused_with_one_line_that_names_the_setting(string connectionString, string reason)
    {
        var (exitCode, _, error) = await Programs.RunAsync(
            Programs.Host, $"--postgres={connectionString}", "--port", $"{Programs.FreePort()}", "--silo-port", $"{Programs.FreePort()}", "--http", $"http://127.0.0.1:{Programs.FreePort()}");

        Assert.Equal(1, exitCode);
        Assert.Contains(reason, error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("OrleansStream:Postgres:ConnectionString", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    private string[] Arguments() =>
        ["--data", _data, "--port", $"{_ports[0]}", "--silo-port", $"{_ports[1]}", "--http", $"http://127.0.0.1:{_ports[2]}"];

    private async Task ReadyAsync(Process host)
    {
        _ = host.StandardOutput.ReadToEndAsync();
        var error = host.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            try
            {
                var answer = await s_http.GetAsync($"http://127.0.0.1:{_ports[2]}/health/ready", timeout.Token);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!host.HasExited)
            {
                // Not listening yet.
            }

            Assert.False(host.HasExited, host.HasExited ? await error : "");
            await Task.Delay(100, timeout.Token);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
