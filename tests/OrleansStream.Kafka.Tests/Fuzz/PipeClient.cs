using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using OrleansStream.Kafka.Transport;

namespace OrleansStream.Kafka.Tests.Fuzz;

/// <summary>A client whose connection runs through the gateway's own handler, with pipes in the place of the network.</summary>
internal sealed class PipeClient
{
    private readonly Pipe _requests = new(new PipeOptions(useSynchronizationContext: false));
    private readonly Pipe _answers = new(new PipeOptions(useSynchronizationContext: false));
    private readonly DefaultConnectionContext _connection;

    public PipeClient(KafkaConnectionHandler handler, string id)
    {
        _connection = new DefaultConnectionContext(id, new Duplex(_requests.Reader, _answers.Writer), new Duplex(_answers.Reader, _requests.Writer));
        Running = RunAsync(handler);
    }

    /// <summary>Ends when the gateway is done with the connection.</summary>
    public Task Running { get; }

    /// <summary>Sends bytes, unless the gateway has ended the connection.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => await _requests.Writer.WriteAsync(bytes, cancellationToken);

    /// <returns>An answer without its length; null when the gateway has ended the connection.</returns>
    public async ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await _answers.Reader.ReadAsync(cancellationToken);
            if (TryCut(read.Buffer, out var answer))
            {
                _answers.Reader.AdvanceTo(read.Buffer.GetPosition(sizeof(int) + answer.Length));
                return answer;
            }

            _answers.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
            {
                return null;
            }
        }
    }

    /// <summary>Goes away as a network connection does: nothing more can be read or written on the other side.</summary>
    public async Task LeaveAsync()
    {
        await _requests.Writer.CompleteAsync();
        await _answers.Reader.CompleteAsync();
        _connection.Abort();
    }

    private static bool TryCut(ReadOnlySequence<byte> buffer, out byte[] answer)
    {
        answer = [];
        if (buffer.Length < sizeof(int))
        {
            return false;
        }

        Span<byte> head = stackalloc byte[sizeof(int)];
        buffer.Slice(0, sizeof(int)).CopyTo(head);
        var length = BinaryPrimitives.ReadInt32BigEndian(head);
        if (buffer.Length < sizeof(int) + length)
        {
            return false;
        }

        answer = buffer.Slice(sizeof(int), length).ToArray();
        return true;
    }

    private async Task RunAsync(KafkaConnectionHandler handler)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await handler.OnConnectedAsync(_connection);
        await _requests.Reader.CompleteAsync();
        await _answers.Writer.CompleteAsync();
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
