using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Channels;
using OrleansStream.Kafka.Diagnostics;

namespace OrleansStream.Kafka.Transport;

/// <summary>
/// Sends a connection's answers in the order of its requests. Small ones that are ready together leave together. Ends when its queue does;
/// an exception from here is the connection's end.
/// </summary>
internal sealed class AnswerWriter(PipeWriter output, ChannelReader<PendingAnswer> queue, ConnectionClock clock, KafkaMetrics metrics) : IDisposable
{
    private const int FlushBytes = 64 * 1024;

    private readonly KafkaWriter _writer = new();
    private long _unflushed;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (await queue.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            while (queue.TryRead(out var pending))
            {
                await using (pending.ConfigureAwait(false))
                {
                    if (!pending.Answer.IsCompleted)
                    {
                        await FlushAsync(cancellationToken).ConfigureAwait(false);
                    }

                    await SendAsync(pending, cancellationToken).ConfigureAwait(false);
                }

                clock.EndAnswering();
            }

            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _writer.Dispose();

    private async ValueTask SendAsync(PendingAnswer pending, CancellationToken cancellationToken)
    {
        var answer = await pending.Answer.ConfigureAwait(false);
        if (answer is not null)
        {
            BeginFrame(pending);
            answer.Write(_writer, pending.Version);
            _writer.EndFrame();
            clock.BeginWriting(_writer.Length);
            foreach (var piece in _writer.Pieces())
            {
                await WriteAsync(piece, cancellationToken).ConfigureAwait(false);
            }

            clock.EndWriting();
        }

        if (pending.Written is { } written)
        {
            await FlushAsync(cancellationToken).ConfigureAwait(false);
            written.TrySetResult();
        }

        metrics.Answered(pending.Context.Api, pending.StartedAt, answer);
    }

    private void BeginFrame(PendingAnswer pending)
    {
        _writer.BeginFrame();
        _writer.WriteInt32(pending.Context.CorrelationId);
        if (pending.Context.Api.HasResponseTags(pending.Version))
        {
            _writer.WriteTagCount(0);
        }
    }

    /// <summary>Hands bytes over no faster than the client takes them, so that they do not pile up between here and the network.</summary>
    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var part = bytes[..Math.Min(bytes.Length, FlushBytes)];
            output.Write(part.Span);
            bytes = bytes[part.Length..];
            _unflushed += part.Length;
            if (_unflushed >= FlushBytes)
            {
                await HandOverAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_unflushed == 0)
        {
            return;
        }

        clock.BeginWriting(_unflushed);
        await HandOverAsync(cancellationToken).ConfigureAwait(false);
        clock.EndWriting();
    }

    private async ValueTask HandOverAsync(CancellationToken cancellationToken)
    {
        _unflushed = 0;
        var flushed = await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (flushed.IsCompleted)
        {
            throw new OperationCanceledException("The client ended the connection.");
        }
    }
}
