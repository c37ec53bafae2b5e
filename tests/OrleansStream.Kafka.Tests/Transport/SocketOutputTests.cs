using System.Net;
using System.Net.Sockets;
using OrleansStream.Kafka.Transport;

namespace OrleansStream.Kafka.Tests.Transport;

/// <summary>Answers on their way to a real socket.</summary>
public sealed class SocketOutputTests : IAsyncLifetime
{
    private readonly Socket _client = new(SocketType.Stream, ProtocolType.Tcp);
    private Socket _server = null!;
    private SocketOutput _output = null!;

    public async Task InitializeAsync()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        await _client.ConnectAsync(listener.LocalEndPoint!);
        _server = await listener.AcceptAsync();
        _output = new SocketOutput(_server);
    }

    public Task DisposeAsync()
    {
        _output.Dispose();
        _server.Dispose();
        _client.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Pieces_arrive_in_their_order_whatever_their_sizes()
    {
        var content = Bytes(5_000_000);
        var sent = new MemoryStream();
        var receiving = ReceiveAsync();

        foreach (var (start, length) in new[] { (0, 10), (10, 15_000), (20, 16_384), (0, 1), (3, 1_000_000), (7, 100), (9, 200) })
        {
            await WriteAsync(content.AsMemory(start, length));
        }

        await WriteAsync(content);
        await WriteAsync(content.AsMemory(1, 50));
        Assert.Equal(50, _output.UnsentBytes);
        await _output.FlushAsync(default);
        Assert.Equal(0, _output.UnsentBytes);
        _server.Shutdown(SocketShutdown.Send);

        Assert.Equal(sent.ToArray(), await receiving);

        async Task WriteAsync(ReadOnlyMemory<byte> piece)
        {
            sent.Write(piece.ToArray());
            await _output.WriteAsync(piece, default);
        }
    }

    [Fact]
    public async Task A_client_that_takes_nothing_is_waited_for_until_the_connection_ends()
    {
        var writing = _output.WriteAsync(new byte[50_000_000], default).AsTask();
        await Task.Delay(200);
        Assert.False(writing.IsCompleted);
        _server.Shutdown(SocketShutdown.Both);

        await Assert.ThrowsAsync<IOException>(() => writing);
    }

    private async Task<byte[]> ReceiveAsync()
    {
        var received = new MemoryStream();
        await using var network = new NetworkStream(_client);
        await network.CopyToAsync(received);
        return received.ToArray();
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
