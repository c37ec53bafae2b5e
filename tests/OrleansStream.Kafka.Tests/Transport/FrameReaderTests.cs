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
    private readonly SharedRoom _all = new(long.MaxValue);
    private readonly ConnectionClock _clock;
    private readonly FrameReader _reader;

    public FrameReaderTests()
    {
        _clock = new ConnectionClock(_time, _options.IdleTimeout, _options.AnswerTimeout);
        _reader = new FrameReader(_pipe.Reader, _options, new ByteGate(long.MaxValue), _all, _clock);
    }

    [Fact]
    public async Task Announcing_much_and_sending_nothing_takes_no_room_and_is_soon_overdue()
    {
        var reading = _reader.ReadAsync(default).AsTask();
        await AnnounceAsync(AnnouncedBytes);
        Assert.Equal(0, _all.Used);

        _time.Advance(_options.RequestTimeout);
        Assert.Null(_clock.FindOverdue());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("the rest of a request", _clock.FindOverdue());

        await _pipe.Writer.CompleteAsync();
        await Assert.ThrowsAsync<KafkaProtocolException>(() => reading);
    }

    [Fact]
    public async Task The_first_bytes_one_by_one_earn_no_time()
    {
        var reading = _reader.ReadAsync(default).AsTask();
        await AnnounceAsync(1000);
        for (var second = 0; second <= _options.RequestTimeout.TotalSeconds; second++)
        {
            Assert.Null(_clock.FindOverdue());
            _time.Advance(TimeSpan.FromSeconds(1));
            await SendAsync(new byte[1]);
        }

        Assert.Equal("the rest of a request", _clock.FindOverdue());
        Assert.False(reading.IsCompleted);
    }

    [Fact]
    public async Task A_large_request_takes_room_when_a_good_beginning_of_it_is_there_and_gives_it_back_when_it_ends_early()
    {
        var reading = _reader.ReadAsync(default).AsTask();
        await AnnounceAsync(AnnouncedBytes);
        await SendAsync(new byte[64 * 1024]);
        Assert.Equal(RequestFrame.RoomFor(AnnouncedBytes), _all.Used);

        _time.Advance(_options.RequestTimeout + TimeSpan.FromSeconds(2));
        Assert.Equal("the rest of a request", _clock.FindOverdue());

        await _pipe.Writer.CompleteAsync();
        await Assert.ThrowsAsync<KafkaProtocolException>(() => reading);
        Assert.Equal(0, _all.Used);
    }

    [Fact]
    public async Task Small_requests_find_room_while_large_ones_wait_for_theirs()
    {
        var room = new SharedRoom(1024 * 1024);
        await room.For(700 * 1024).TakeAsync(700 * 1024, default);
        var waiting = room.For(600 * 1024).TakeAsync(600 * 1024, default).AsTask();

        Assert.False(waiting.IsCompleted);
        Assert.True(room.For(1000).TryTake(1000));

        room.For(700 * 1024).Return(700 * 1024);
        await waiting;
    }

    [Fact]
    public async Task A_slow_line_has_the_time_that_it_takes()
    {
        var reading = _reader.ReadAsync(default).AsTask();
        await AnnounceAsync(AnnouncedBytes);
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

    private async Task AnnounceAsync(int bytes)
    {
        var head = new byte[sizeof(int) + sizeof(short)];
        BinaryPrimitives.WriteInt32BigEndian(head, bytes);
        BinaryPrimitives.WriteInt16BigEndian(head.AsSpan(sizeof(int)), Produce);
        await SendAsync(head);
    }

    /// <summary>What was sent has been read when this completes: on a thread of the pool the pipe hands over on the spot.</summary>
    private Task SendAsync(ReadOnlyMemory<byte> bytes) => Task.Run(async () => await _pipe.Writer.WriteAsync(bytes));
}
