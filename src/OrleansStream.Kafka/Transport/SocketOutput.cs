using System.Buffers;
using System.Net.Sockets;

namespace OrleansStream.Kafka.Transport;

/// <summary>Answers straight to a socket: large pieces from where they lie, small ones together. An idle connection holds no memory here.</summary>
internal sealed class SocketOutput(Socket socket) : IAnswerOutput
{
    private const int BufferBytes = 16 * 1024;

    private byte[]? _buffer;
    private int _buffered;

    public long UnsentBytes => _buffered;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (bytes.Length > BufferBytes - _buffered)
        {
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        if (bytes.Length <= BufferBytes)
        {
            _buffer ??= ArrayPool<byte>.Shared.Rent(BufferBytes);
            bytes.Span.CopyTo(_buffer.AsSpan(_buffered));
            _buffered += bytes.Length;
        }
        else
        {
            await SendAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_buffered == 0)
        {
            return;
        }

        var count = _buffered;
        _buffered = 0;
        await SendAsync(_buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
        Return();
    }

    public void Dispose() => Return();

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, cancellationToken).ConfigureAwait(false)..];
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            throw new IOException(failure.Message, failure);
        }
    }

    private void Return()
    {
        if (_buffer is { } buffer)
        {
            _buffer = null;
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
