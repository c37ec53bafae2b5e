using System.Threading.Channels;
using OrleansStream.Kafka.Diagnostics;

namespace OrleansStream.Kafka.Transport;

/// <summary>
/// Sends a connection's answers in the order of its requests. Small ones that are ready together leave together. Ends when its queue does;
/// an exception from here is the connection's end.
/// </summary>
internal sealed class AnswerWriter(IAnswerOutput output, ChannelReader<PendingAnswer> queue, ConnectionClock clock, KafkaMetrics metrics) : IDisposable
{
    private readonly KafkaWriter _writer = new();

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

    public void Dispose()
    {
        _writer.Dispose();
        output.Dispose();
    }

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
                await output.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
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

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (output.UnsentBytes == 0)
        {
            return;
        }

        clock.BeginWriting(output.UnsentBytes);
        await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        clock.EndWriting();
    }
}
