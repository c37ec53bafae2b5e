using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Tests.Hostile;

/// <summary>A connection on which a test sends whatever it likes.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <param name="port">The gateway's port.</param>
    /// <param name="receiveBytes">How much the machine takes while the client takes nothing; 0 leaves that to it.</param>
    public static async Task<RawClient> ConnectAsync(int port, int receiveBytes = 0)
    {
        var client = new RawClient();
        if (receiveBytes > 0)
        {
            client._socket.ReceiveBufferSize = receiveBytes;
        }

        await client._socket.ConnectAsync(IPAddress.Loopback, port);
        return client;
    }

    /// <summary>A request's frame with its length in front.</summary>
    public static byte[] Frame<TRequest>(TRequest request, short version, int correlationId = 1)
        where TRequest : class, IKafkaMessage<TRequest>
    {
        using var writer = new KafkaWriter();
        writer.BeginFrame();
        writer.WriteInt16((short)TRequest.Api.Key);
        writer.WriteInt16(version);
        writer.WriteInt32(correlationId);
        writer.WriteNullableString("test", flexible: false);
        if (TRequest.Api.IsFlexible(version))
        {
            writer.WriteTagCount(0);
        }

        request.Write(writer, version);
        writer.EndFrame();
        return [.. writer.Pieces().SelectMany(piece => piece.ToArray())];
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes, cancellationToken)..];
        }
    }

    public async Task<TResponse> AskAsync<TRequest, TResponse>(TRequest request, short version, int correlationId = 1)
        where TRequest : class, IKafkaMessage<TRequest>
        where TResponse : class, IKafkaMessage<TResponse>
    {
        await SendAsync(Frame(request, version, correlationId));
        return Read<TResponse>(await ReceiveAsync() ?? throw new EndOfStreamException("The connection was closed instead."), version, correlationId);
    }

    /// <param name="answer">The answer without its length.</param>
    /// <param name="version">The version of the request.</param>
    /// <param name="correlationId">The request's.</param>
    /// <param name="allowsMore">Bytes that follow are passed over.</param>
    public static TResponse Read<TResponse>(byte[] answer, short version, int correlationId = 1, bool allowsMore = false)
        where TResponse : class, IKafkaMessage<TResponse>
    {
        var reader = new KafkaReader(answer);
        Assert.Equal(correlationId, reader.ReadInt32());
        if (TResponse.Api.HasResponseTags(version))
        {
            reader.SkipTags();
        }

        var response = TResponse.Read(ref reader, version);
        if (!allowsMore)
        {
            reader.End();
        }

        return response;
    }

    /// <summary>The next answer without its length; null when the connection was closed instead.</summary>
    public async Task<byte[]?> ReceiveAsync(int seconds = 20)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var length = new byte[sizeof(int)];
        if (!await FillAsync(length, patience.Token))
        {
            return null;
        }

        var answer = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        return await FillAsync(answer, patience.Token) ? answer : throw new EndOfStreamException("The connection was closed within an answer.");
    }

    /// <summary>Takes the length of an answer and some bytes of it, or all when it has no more: a busy silo answers with nothing.</summary>
    public async Task<bool> TakeAsync(int bytes)
    {
        var length = new byte[sizeof(int)];
        return await FillAsync(length, default) && await FillAsync(new byte[Math.Min(bytes, BinaryPrimitives.ReadInt32BigEndian(length))], default);
    }

    public async Task AssertClosedAsync(int seconds = 20) => Assert.Null(await ReceiveAsync(seconds));

    /// <summary>Ends the connection as a machine does that crashes.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private async Task<bool> FillAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            while (!buffer.IsEmpty)
            {
                var received = await _socket.ReceiveAsync(buffer, cancellationToken);
                if (received == 0)
                {
                    return false;
                }

                buffer = buffer[received..];
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
