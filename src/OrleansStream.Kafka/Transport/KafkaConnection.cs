using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using OrleansStream.Kafka.Apis;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Transport;

/// <summary>
/// One client's connection from its first byte to its last. Requests are begun one after the other in the order of their arrival and answered
/// in that order; only produces are under way several at a time, since their batches have their places in the logs once they are begun.
/// The reading side fails for whatever reason: then nothing more is read, what was begun is still answered, and the connection is closed.
/// </summary>
internal sealed class KafkaConnection(ConnectionContext transport, KafkaConnectionContext shared)
{
    private readonly ByteGate _bytesInHand = new(shared.Options.MaxConnectionBytesInHand);
    private readonly ClientConnection _client = new(transport.RemoteEndPoint);
    private readonly Channel<PendingAnswer> _queue = Channel.CreateBounded<PendingAnswer>(
        new BoundedChannelOptions(shared.Options.MaxConnectionRequestsInHand) { SingleReader = true, SingleWriter = true });

    private Task _lastWritten = Task.CompletedTask;

    public ConnectionClock Clock { get; } = new(shared.Time, shared.Options.IdleTimeout, shared.Options.AnswerTimeout);

    public string Id => transport.ConnectionId;

    /// <summary>Lets the requests in hand come to their end, and reads no more.</summary>
    public void Stop() => transport.Transport.Input.CancelPendingRead();

    /// <summary>Ends the connection now.</summary>
    public void Abort(string reason) => transport.Abort(new ConnectionAbortedException(reason));

    /// <exception cref="KafkaProtocolException">The client sent what is no request.</exception>
    /// <exception cref="OperationCanceledException">Either side ended the connection.</exception>
    public async Task RunAsync()
    {
        using var closed = CancellationTokenSource.CreateLinkedTokenSource(transport.ConnectionClosed);
        using var writer = new AnswerWriter(transport.Transport.Output, _queue.Reader, Clock, shared.Metrics);
        var writing = WriteAsync(writer, closed);
        Exception? failure = null;
        try
        {
            await ReadAsync(closed.Token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        // What was begun is answered, unless the other side is gone.
        _queue.Writer.Complete();
        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (_queue.Reader.TryRead(out var unanswered))
        {
            await ((Task)unanswered.Answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            unanswered.Context.Dispose();
        }

        await writing.ConfigureAwait(false);
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>A failure to write, or of a handler, ends the reading too.</summary>
    private static async Task WriteAsync(AnswerWriter writer, CancellationTokenSource closed)
    {
        try
        {
            await writer.RunAsync(closed.Token).ConfigureAwait(false);
        }
        catch
        {
            await closed.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task ReadAsync(CancellationToken closed)
    {
        var frames = new FrameReader(transport.Transport.Input, shared.Options, _bytesInHand, shared.BytesInHand, Clock);
        while (await frames.ReadAsync(closed).ConfigureAwait(false) is { } frame)
        {
            RequestContext? context = null;
            try
            {
                var startedAt = shared.Time.GetTimestamp();
                var (api, request) = Parse(frame.Memory, closed, out context);
                context.DisposeAfterAnswer(frame);
                await BeginAsync(api, request, context, startedAt, closed).ConfigureAwait(false);
            }
            catch
            {
                context?.Dispose();
                frame.Dispose();
                throw;
            }
        }
    }

    private async ValueTask BeginAsync(KafkaApi? api, IKafkaMessage? request, RequestContext context, long startedAt, CancellationToken closed)
    {
        Task<IKafkaMessage?> answer;
        var version = context.Version;
        TaskCompletionSource? written = null;
        if (api is null)
        {
            answer = Task.FromResult<IKafkaMessage?>(shared.ApiVersions.Unsupported());
            version = 0;
        }
        else
        {
            if (context.Api.Key != ApiKey.Produce)
            {
                // One answer at a time waits for the client to take it, or a client that takes none could have many made.
                await _lastWritten.WaitAsync(closed).ConfigureAwait(false);
                written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _lastWritten = written.Task;
            }

            Clock.BeginAnswering();
            answer = await api.BeginAsync(request!, context).ConfigureAwait(false);
            Clock.EndAnswering();
        }

        Clock.BeginAnswering();
        await _queue.Writer.WriteAsync(new PendingAnswer(context, answer, version, startedAt, written), closed).ConfigureAwait(false);
    }

    /// <returns>No API for a version of ApiVersions that there is not yet: the one thing that can be answered without being understood.</returns>
    private (KafkaApi? Api, IKafkaMessage? Request) Parse(ReadOnlyMemory<byte> frame, CancellationToken closed, out RequestContext context)
    {
        var reader = new KafkaReader(frame);
        var key = (ApiKey)reader.ReadInt16();
        var version = reader.ReadInt16();
        var correlationId = reader.ReadInt32();
        if (shared.Apis.Find(key) is not { } api)
        {
            throw new KafkaProtocolException($"There is no API {(short)key} here.");
        }

        if (!api.Description.Supports(version))
        {
            context = new RequestContext(api.Description, version, correlationId, null, _client, closed);
            return key == ApiKey.ApiVersions ? (null, null) : throw new KafkaProtocolException($"{key} is served in other versions than {version}.");
        }

        // The client's id keeps its two bytes of length in flexible versions as well.
        var clientId = reader.ReadNullableString(flexible: false);
        if (api.Description.IsFlexible(version))
        {
            reader.SkipTags();
        }

        context = new RequestContext(api.Description, version, correlationId, clientId, _client, closed);
        var request = api.Description.ReadRequest(ref reader, version);
        reader.End();
        return (api, request);
    }
}
