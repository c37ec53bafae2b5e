using System.Buffers;
using System.IO.Pipelines;

namespace OrleansStream.Kafka.Transport;

/// <summary>Answers through a pipe, for connections that are no plain sockets.</summary>
internal sealed class PipeOutput(PipeWriter pipe) : IAnswerOutput
{
    private const int FlushBytes = 64 * 1024;

    private long _unflushed;

    public long UnsentBytes => _unflushed;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var part = bytes[..Math.Min(bytes.Length, FlushBytes)];
            pipe.Write(part.Span);
            bytes = bytes[part.Length..];
            _unflushed += part.Length;
            if (_unflushed >= FlushBytes)
            {
                await FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_unflushed == 0)
        {
            return;
        }

        _unflushed = 0;
        var flushed = await pipe.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (flushed.IsCompleted)
        {
            throw new OperationCanceledException("The client ended the connection.");
        }
    }

    public void Dispose()
    {
    }
}
