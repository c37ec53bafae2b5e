using System.Net;
using System.Net.Sockets;

namespace OrleansStream.Benchmarks.Ladder;

/// <summary>What the network of one machine carries: bytes from one socket to another, read and thrown away. Nobody answers.</summary>
internal sealed class LoopbackRung : IRung
{
    private readonly Socket _sender = new(SocketType.Stream, ProtocolType.Tcp);
    private Socket? _receiver;
    private Task _receiving = Task.CompletedTask;
    private byte[] _batch = [];
    private Load _load = null!;

    public string Name => "copy over loopback TCP";

    public async Task StartAsync(Load load, string folder)
    {
        _load = load with { Partitions = 1 };
        _batch = new byte[load.BatchBytes];
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        await _sender.ConnectAsync(listener.LocalEndPoint!);
        _receiver = await listener.AcceptAsync();
        _receiving = Task.Factory.StartNew(() => Drain(_receiver, load.BatchBytes), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public Task<Measurement> RunAsync() => ClosedLoop.RunAsync(_load, _load.BatchBytes / _load.RecordBytes, _load.BatchBytes, _ =>
    {
        for (var sent = 0; sent < _batch.Length;)
        {
            sent += _sender.Send(_batch.AsSpan(sent));
        }

        return Task.CompletedTask;
    });

    public async ValueTask DisposeAsync()
    {
        _sender.Dispose();
        await _receiving;
        _receiver?.Dispose();
    }

    private static void Drain(Socket socket, int blockBytes)
    {
        var block = new byte[blockBytes];
        while (socket.Receive(block) > 0)
        {
        }
    }
}
