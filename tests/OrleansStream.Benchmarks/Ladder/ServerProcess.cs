using System.Diagnostics;
using OrleansStream.Testing;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>A silo in a process of its own: this program, started again with <c>serve FOLDER</c>. It ends with its standard input.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, string address)
    {
        _process = process;
        Address = address;
    }

    public string Address { get; }

    public static async Task<ServerProcess> StartAsync(string folder)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { "serve", folder },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException("The silo's process did not start.");
        var address = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The silo's process ended at its start.");
        return new ServerProcess(process, address);
    }

    /// <summary>The other side: serves until standard input ends.</summary>
    public static async Task ServeAsync(string folder)
    {
        await using var host = await OrleansStreamTestHost.StartAsync(new OrleansStreamTestHostOptions { DataPath = folder });
        Console.WriteLine(host.GatewayAddress);
        await Console.In.ReadToEndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
