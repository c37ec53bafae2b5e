using System.Diagnostics;

namespace OrleansStream.EndToEnd.Tests;

/// <summary>One real host on free ports; killed when disposed.</summary>
internal sealed class HostProcess : IDisposable
{
    private static readonly HttpClient s_http = new();
    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly int _httpPort;

    private HostProcess(string[] arguments)
    {
        (Port, var siloPort, _httpPort) = (Programs.FreePort(), Programs.FreePort(), Programs.FreePort());
        _process = Programs.Start(
            Programs.Host, [.. arguments, "--kafka-port", "none", "--port", $"{Port}", "--silo-port", $"{siloPort}", "--http", $"http://127.0.0.1:{_httpPort}"]);
        _ = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>The port for clients.</summary>
    public int Port { get; }

    public int ProcessId => _process.Id;

    /// <summary>Where it serves HTTP.</summary>
    public string Url => $"http://127.0.0.1:{_httpPort}";

    /// <summary>Starts a host and waits until it is ready.</summary>
    public static async Task<HostProcess> StartAsync(params string[] arguments)
    {
        var host = new HostProcess(arguments);
        try
        {
            await host.UntilReadyIsAsync(true);
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Waits until <c>/health/ready</c> says so, or no longer does.</summary>
    /// <returns>What it says.</returns>
    public async Task<string> UntilReadyIsAsync(bool isReady)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            try
            {
                using var answer = await s_http.GetAsync($"http://127.0.0.1:{_httpPort}/health/ready", timeout.Token);
                if (answer.IsSuccessStatusCode == isReady)
                {
                    return await answer.Content.ReadAsStringAsync(timeout.Token);
                }
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                // Not listening yet.
            }

            Assert.False(_process.HasExited, _process.HasExited ? await _error : "");
            await Task.Delay(100, timeout.Token);
        }
    }

    /// <summary>Kills it with signal 9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
