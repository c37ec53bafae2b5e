using System.Diagnostics;
using System.Globalization;

namespace OrleansStream.Kafka.Clients.Tests;

/// <summary>
/// A producer in a process of its own, which is handed the numbers from 0 on at a steady rate, one line each, and sends them idempotently. Those that leave the
/// same rest share a key, and no partition gets two that share a key in another order.
/// </summary>
internal sealed class ProducerProcess : IAsyncDisposable
{
    public const int RecordsPerSecond = 100;

    private readonly CancellationTokenSource _stop = new();
    private readonly Process _process;
    private readonly Task<string> _words;
    private readonly Task _loop;
    private volatile int _sent;

    private ProducerProcess(string client, string topic, Process process)
    {
        (Client, Topic, _process) = (client, topic, process);
        _words = ReadAsync(process);
        _loop = Task.Run(FeedAsync);
    }

    public string Client { get; }

    public string Topic { get; }

    /// <summary>How many were handed to the client.</summary>
    public int Sent => _sent;

    public static async Task<ProducerProcess> StartAsync(string client, string servers, string topic, int partitions)
    {
        var start = client == "kcat"
            ? await Kcat.DescribeAsync(servers, "-P", "-t", topic, "-K", ":", "-z", "zstd", "-X", "enable.idempotence=true", "-X", "linger.ms=100")
            : await NodeClients.DescribeAsync("steady.mjs", client, servers, topic, $"{partitions}");
        return new ProducerProcess(client, topic, Process.Start(start)!);
    }

    /// <summary>Hands it nothing more; completes when all is stored, and it ended well.</summary>
    public async Task EndAsync()
    {
        await StopAsync();
        _process.StandardInput.Close();
        await ClientProcess.WaitAsync(_process, $"The producer of {Client}");
        Assert.True(_process.ExitCode == 0, $"The producer of {Client} ended with {_process.ExitCode}: {await _words}");
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _stop.Dispose();
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    private async Task FeedAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(300));
        try
        {
            for (var start = Stopwatch.GetTimestamp(); !_stop.IsCancellationRequested; await timer.WaitForNextTickAsync())
            {
                for (var due = (int)(Stopwatch.GetElapsedTime(start).TotalSeconds * RecordsPerSecond); _sent < due; _sent++)
                {
                    await _process.StandardInput.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{SteadyProducer.KeyOf(_sent)}:{_sent}\n"));
                }

                await _process.StandardInput.FlushAsync();
            }
        }
        catch (IOException)
        {
            // It has ended, and says why to who waits for its end.
        }
    }

    private static async Task<string> ReadAsync(Process process)
    {
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        return await output + await errors;
    }
}
