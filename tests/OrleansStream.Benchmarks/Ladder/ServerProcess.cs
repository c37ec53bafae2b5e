using System.Diagnostics;
using OrleansStream.Kafka;
using OrleansStream.Testing;
using OrleansStream.TestServers;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>A silo in a process of its own: this program, started again with <c>serve FOLDER</c>. It ends with its standard input.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, string[] addresses)
    {
        _process = process;
        Address = addresses[0];
        KafkaAddress = addresses[1];
    }

    public string Address { get; }

    /// <summary>Where Kafka clients connect.</summary>
    public string KafkaAddress { get; }

    /// <summary>The processor time that the silo has used so far.</summary>
    public Func<TimeSpan> Cpu => CpuMeter.Of(_process);

    public int ProcessId => _process.Id;

    public static async Task<ServerProcess> StartAsync(string folder)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { "serve", folder },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException("The silo's process did not start.");
        var addresses = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The silo's process ended at its start.");
        return new ServerProcess(process, addresses.Split(' '));
    }

    /// <summary>The other side: serves until standard input ends.</summary>
    public static async Task ServeAsync(string folder)
    {
        var kafkaPort = LocalPort.FindFree();
        await using var host = await OrleansStreamTestHost.StartAsync(new OrleansStreamTestHostOptions
        {
            DataPath = folder,
            ConfigureHost = builder => builder.AddOrleansStreamKafka(kafka => kafka.Port = kafkaPort),
        });
        Console.WriteLine($"{host.GatewayAddress} 127.0.0.1:{kafkaPort}");
        await Console.In.ReadToEndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
