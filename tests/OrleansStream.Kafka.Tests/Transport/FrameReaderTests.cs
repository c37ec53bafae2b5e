using System.Buffers.Binary;
using System.IO.Pipelines;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Kafka.Hosting;
using OrleansStream.Kafka.Transport;
using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Tests.Transport;

/// <summary>How long a client may take to send what it announced.</summary>
public sealed class FrameReaderTests
{
    private const int AnnouncedBytes = 64 * 1024 * 1024;
    private const short Produce = 0;

    private readonly FakeTimeProvider _time = new();
    private readonly KafkaOptions _options = new();
    private readonly Pipe _pipe = new(new PipeOptions(
        pauseWriterThreshold: 0, readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
    private readonly ByteGate _all = new(long.MaxValue);
    private readonly ConnectionClock _clock;
    private readonly FrameReader _reader;

    public FrameReaderTests()
    {
        _clock = new ConnectionClock(_time, _options.IdleTimeout, _options.AnswerTimeout);
        _reader = new FrameReader(_pipe.Reader, _options, new ByteGate(long.MaxValue), _all, _clock);
    }

    [Fact]
    public async Task Announcing_much_and_sending_nothing_is_overdue_as_soon_as_announcing_little()
    {
        var reading = _reader.ReadAsync(default).AsTask();
        await AnnounceAsync();
        Assert.Equal(AnnouncedBytes, _all.Used);

        _time.Advance(_options.RequestTimeout);
        Assert.Null(_clock.FindOverdue());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("the rest of a request", _clock.FindOverdue());

        await _pipe.Writer.CompleteAsync();
        await Assert.ThrowsAsync<KafkaProtocolException>(() => reading);
        Assert.Equal(0, _all.Used);
    }

    [Fact]
    public async Task A_slow_line_has_the_time_that_it_takes()
    {
        var reading = _reader.ReadAsync(default).AsTask();
        await AnnounceAsync();
        var second = new byte[256 * 1024];
        for (var sent = sizeof(short); sent < AnnouncedBytes; sent += second.Length)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Null(_clock.FindOverdue());
            await SendAsync(second.AsMemory(0, Math.Min(second.Length, AnnouncedBytes - sent)));
        }

        using var frame = await reading;
        Assert.Equal(AnnouncedBytes, frame!.Memory.Length);
    }

    private async Task AnnounceAsync()
    {
        var head = new byte[sizeof(int) + sizeof(short)];
        BinaryPrimitives.WriteInt32BigEndian(head, AnnouncedBytes);
        BinaryPrimitives.WriteInt16BigEndian(head.AsSpan(sizeof(int)), Produce);
        await SendAsync(head);
    }

    /// <summary>What was sent has been read when this completes: on a thread of the pool the pipe hands over on the spot.</summary>
    private Task SendAsync(ReadOnlyMemory<byte> bytes) => Task.Run(async () => await _pipe.Writer.WriteAsync(bytes));
}
