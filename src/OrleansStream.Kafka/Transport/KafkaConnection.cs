using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
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
    private readonly ParseRoom _parseRoom = new(shared.ParsedBytes);
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
        using var writer = new AnswerWriter(CreateOutput(), _queue.Reader, Clock, shared.Metrics);
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
            await unanswered.DisposeAsync().ConfigureAwait(false);
        }

        await writing.ConfigureAwait(false);
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>The socket where there is one: the pipe in front of it would be one more copy.</summary>
    private IAnswerOutput CreateOutput() => transport.Features.Get<IConnectionSocketFeature>() is { } plain
        ? new SocketOutput(plain.Socket)
        : new PipeOutput(transport.Transport.Output);

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
            Request request;
            try
            {
                var startedAt = shared.Time.GetTimestamp();
                if (TryParse(frame, startedAt, closed) is not { } parsed)
                {
                    await _parseRoom.WaitAsync(closed).ConfigureAwait(false);
                    parsed = TryParse(frame, startedAt, closed)!.Value;
                }

                request = parsed;
            }
            catch
            {
                frame.Dispose();
                throw;
            }

            await BeginAsync(request, closed).ConfigureAwait(false);
        }
    }

    /// <summary>Begins a request, and queues its answer.</summary>
    private async ValueTask BeginAsync(Request request, CancellationToken closed)
    {
        Task<IKafkaMessage?> answer;
        TaskCompletionSource? written = null;
        try
        {
            if (request.Api is not { } api)
            {
                answer = Task.FromResult<IKafkaMessage?>(shared.ApiVersions.Unsupported());
            }
            else
            {
                if (api.Description.Key != ApiKey.Produce)
                {
                    // One answer at a time waits for the client to take it, or a client that takes none could have many made.
                    await _lastWritten.WaitAsync(closed).ConfigureAwait(false);
                    written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    _lastWritten = written.Task;
                }

                Clock.BeginAnswering();
                answer = await api.BeginAsync(request.Body!, request.Context).ConfigureAwait(false);
                Clock.EndAnswering();
            }
        }
        catch
        {
            request.Context.Dispose();
            throw;
        }

        Clock.BeginAnswering();
        var pending = new PendingAnswer(request.Context, answer, request.Api is null ? (short)0 : request.Context.Version, request.StartedAt, written);
        try
        {
            await _queue.Writer.WriteAsync(pending, closed).ConfigureAwait(false);
        }
        catch
        {
            await pending.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <returns>Null when there is no room for what the request becomes.</returns>
    private Request? TryParse(RequestFrame frame, long startedAt, CancellationToken closed)
    {
        try
        {
            return Parse(frame, startedAt, closed);
        }
        catch (ParseRoom.NoRoomException)
        {
            return null;
        }
        catch
        {
            _parseRoom.Release();
            throw;
        }
    }

    private Request Parse(RequestFrame frame, long startedAt, CancellationToken closed)
    {
        var reader = new KafkaReader(frame.Memory, _parseRoom);
        var key = (ApiKey)reader.ReadInt16();
        var version = reader.ReadInt16();
        var correlationId = reader.ReadInt32();
        if (shared.Apis.Find(key) is not { } api)
        {
            throw new KafkaProtocolException($"There is no API {(short)key} here.");
        }

        string? clientId = null;
        IKafkaMessage? body = null;
        if (api.Description.Supports(version))
        {
            // The client's id keeps its two bytes of length in flexible versions as well.
            clientId = reader.ReadNullableString(flexible: false);
            if (api.Description.IsFlexible(version))
            {
                reader.SkipTags();
            }

            // What follows is passed over, as Kafka does: librdkafka leaves three bytes behind its question for all topics.
            body = api.Description.ReadRequest(ref reader, version);
        }
        else if (key != ApiKey.ApiVersions)
        {
            throw new KafkaProtocolException($"{key} is served in other versions than {version}.");
        }

        var context = new RequestContext(api.Description, version, correlationId, clientId, _client, shared.Answers, closed);
        context.DisposeAfterAnswer(frame);
        if (_parseRoom.Settle(reader.Made) is { } kept)
        {
            context.DisposeAfterAnswer(kept);
        }

        return new Request(body is null ? null : api, body, context, startedAt);
    }

    /// <summary>A request that was understood.</summary>
    /// <param name="Api">Who handles it; null for a version of ApiVersions that there is not yet, the one thing that can be answered without being understood.</param>
    /// <param name="Body">What it says; null as well.</param>
    /// <param name="Context">The rest.</param>
    /// <param name="StartedAt">When it had arrived, as a reading of the clock.</param>
    private readonly record struct Request(KafkaApi? Api, IKafkaMessage? Body, RequestContext Context, long StartedAt);
}
