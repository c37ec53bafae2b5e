using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Transport;

/// <summary>
/// Cuts a connection's bytes into requests. A request that may come at all is read into one piece of memory of its size, which is the only
/// copy on its way to the log. It takes room that others wait for only once it is all there, or a good beginning of it is: announcing
/// costs a client nothing, sending does. Used by one thread at a time.
/// </summary>
internal sealed class FrameReader(PipeReader input, KafkaOptions options, ByteGate own, SharedRoom all, ConnectionClock clock)
{
    /// <summary>What has to be there of a request before it takes room; it waits where the network leaves it.</summary>
    private const int BeginningBytes = 64 * 1024;

    /// <summary>The number of the API, its version, the correlation id: what every header begins with.</summary>
    private const int MinFrameBytes = 8;

    /// <summary>The rest is taken in parts of this size, since it comes in smaller ones than it is worth waking up for.</summary>
    private const int PartBytes = 64 * 1024;

    private const int MinBytesPerSecond = 256 * 1024;

    /// <returns>Null when the client ended the connection between two requests.</returns>
    /// <exception cref="KafkaProtocolException">It is no request, or ends in its middle.</exception>
    public async ValueTask<RequestFrame?> ReadAsync(CancellationToken cancellationToken)
    {
        clock.AwaitRequest();
        var length = await ReadLengthAsync(cancellationToken).ConfigureAwait(false);
        if (length < 0)
        {
            return null;
        }

        // Waiting for room is no fault of the client.
        clock.Pause();
        var bytes = RequestFrame.RoomFor(length);
        var shared = all.For(bytes);
        await own.TakeAsync(bytes, cancellationToken).ConfigureAwait(false);
        try
        {
            await shared.TakeAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            own.Return(bytes);
            throw;
        }

        var frame = new RequestFrame(length, own, shared);
        try
        {
            clock.ReceiveRequest(options.RequestTimeout);
            await FillAsync(frame.Memory, cancellationToken).ConfigureAwait(false);
            clock.Pause();
            return frame;
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the beginning of a request, and judges it by that.</summary>
    private async ValueTask<int> ReadLengthAsync(CancellationToken cancellationToken)
    {
        var hasBegun = false;
        var missing = 1;
        while (true)
        {
            var read = await ReadInputAsync(missing, cancellationToken).ConfigureAwait(false);
            if (read.Buffer.Length >= sizeof(int) + sizeof(short))
            {
                var (length, key) = Begin(read.Buffer);
                Check(length, key);
                missing = sizeof(int) + Math.Min(length, BeginningBytes) - (int)Math.Min(read.Buffer.Length, int.MaxValue);
                if (missing <= 0)
                {
                    input.AdvanceTo(read.Buffer.GetPosition(sizeof(int)));
                    return length;
                }
            }

            if (!hasBegun && !read.Buffer.IsEmpty)
            {
                hasBegun = true;
                clock.ReceiveRequest(options.RequestTimeout);
            }

            if (read.IsCompleted)
            {
                return read.Buffer.IsEmpty ? -1 : throw new KafkaProtocolException("The connection ended within a request.");
            }

            // What was looked at once does not count for the pipe any more when it is told how much to wait for.
            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private async ValueTask FillAsync(Memory<byte> frame, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await ReadInputAsync(Math.Min(frame.Length, PartBytes), cancellationToken).ConfigureAwait(false);
            var part = read.Buffer.Length > frame.Length ? read.Buffer.Slice(0, frame.Length) : read.Buffer;
            part.CopyTo(frame.Span);
            frame = frame[(int)part.Length..];

            // Time is earned by what comes, not by what was announced: whoever announces much and sends nothing holds the room that
            // others wait for no longer than anybody else.
            clock.Allow(TimeSpan.FromSeconds((double)part.Length / MinBytesPerSecond));

            // From here on the buffer belongs to the connection again.
            input.AdvanceTo(part.End);
            if (frame.IsEmpty)
            {
                return;
            }

            if (read.IsCompleted)
            {
                throw new KafkaProtocolException("The connection ended within a request.");
            }
        }
    }

    /// <exception cref="OperationCanceledException">The silo stops, or the other side is gone.</exception>
    private async ValueTask<ReadResult> ReadInputAsync(int atLeast, CancellationToken cancellationToken)
    {
        var read = await input.ReadAtLeastAsync(atLeast, cancellationToken).ConfigureAwait(false);
        return read.IsCanceled ? throw new OperationCanceledException("The silo stops.") : read;
    }

    private static (int Length, short Key) Begin(ReadOnlySequence<byte> buffer)
    {
        Span<byte> begin = stackalloc byte[sizeof(int) + sizeof(short)];
        buffer.Slice(0, begin.Length).CopyTo(begin);
        return (BinaryPrimitives.ReadInt32BigEndian(begin), BinaryPrimitives.ReadInt16BigEndian(begin[sizeof(int)..]));
    }

    private void Check(int length, short key)
    {
        var limit = key == (short)ApiKey.Produce ? options.MaxRequestBytes : options.MaxControlRequestBytes;
        if (length < MinFrameBytes || length > limit)
        {
            throw new KafkaProtocolException($"A request of API {key} has {MinFrameBytes} to {limit} bytes, not {length}.");
        }
    }
}
