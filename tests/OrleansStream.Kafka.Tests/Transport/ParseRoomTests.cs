using System.Buffers.Binary;
using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Tests.Messages;
using OrleansStream.Kafka.Transport;
using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Tests.Transport;

/// <summary>What requests become when they are read is counted, and bounded.</summary>
public sealed class ParseRoomTests
{
    private const int ElementBytes = 12;
    private const short OldFetch = 4;

    private readonly ByteGate _gate = new(2L * ParseRoom.MaxBytes);
    private readonly ParseRoom _room;

    public ParseRoomTests()
    {
        _room = new ParseRoom(_gate);
    }

    public static TheoryData<string> Apis => [.. ApiCatalog.All.Select(api => api.Key.ToString())];

    [Fact]
    public void A_frame_of_tiny_elements_is_refused_before_it_is_many_times_its_size_of_memory()
    {
        // Topics with a name of six bytes and no partition: twelve bytes that become an object, a text and an array each.
        var frame = FetchOf(topics: 390_000);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<KafkaProtocolException>(() => Read(frame));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, ParseRoom.MaxBytes);
    }

    [Fact]
    public void A_small_request_takes_no_room_beyond_what_is_counted_with_its_bytes()
    {
        var made = Read(FetchOf(topics: 5));

        Assert.InRange(made, 1, ParseRoom.FreeBytes);
        Assert.Null(_room.Settle(made));
        Assert.Equal(0, _gate.Used);
    }

    [Fact]
    public void A_large_request_keeps_what_it_takes_until_it_is_over()
    {
        var made = Read(FetchOf(topics: 10_000));
        var kept = _room.Settle(made);

        Assert.Equal(made - ParseRoom.FreeBytes, _gate.Used);

        kept!.Dispose();
        kept.Dispose();
        Assert.Equal(0, _gate.Used);
    }

    [Fact]
    public async Task A_large_request_that_finds_no_room_waits_with_nothing_and_is_read_when_there_is_some()
    {
        await _gate.TakeAsync(_gate.Capacity - 1000, default);

        Assert.Throws<ParseRoom.NoRoomException>(() => Read(FetchOf(topics: 10_000)));
        Assert.Equal(_gate.Capacity - 1000, _gate.Used);

        var waiting = _room.WaitAsync(default).AsTask();
        Assert.False(waiting.IsCompleted);
        _gate.Return(_gate.Capacity - 1000);
        await waiting;
        var made = Read(FetchOf(topics: 10_000));
        using var kept = _room.Settle(made);
        Assert.Equal(made - ParseRoom.FreeBytes, _gate.Used);
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public void No_message_takes_more_memory_than_is_counted_for_it(string key)
    {
        var api = ApiCatalog.All.Single(api => api.Key.ToString() == key);
        var type = typeof(ApiCatalog).Assembly.GetType($"OrleansStream.Kafka.Messages.{key}Request", throwOnError: true)!;
        for (var version = api.MinVersion; version <= api.MaxVersion; version++)
        {
            for (var seed = 0; seed < 10; seed++)
            {
                var bytes = MessageBytes.Write((IKafkaMessage)new MessageFiller(seed, withNulls: false).Create(type), version);
                Measure(bytes, version);
                var (taken, made) = Measure(bytes, version);

                Assert.True(taken <= made + ParseRoom.FreeBytes / 4, $"Version {version}, seed {seed}: {made} bytes counted, {taken} taken.");
            }
        }

        (long Taken, long Made) Measure(byte[] bytes, short version)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var reader = new KafkaReader(bytes);
            api.ReadRequest(ref reader, version);
            return (GC.GetAllocatedBytesForCurrentThread() - before, reader.Made);
        }
    }

    private long Read(byte[] frame)
    {
        var reader = new KafkaReader(frame, _room);
        FetchRequest.Read(ref reader, OldFetch);
        reader.End();
        return reader.Made;
    }

    private static byte[] FetchOf(int topics)
    {
        var frame = new byte[21 + (topics * ElementBytes)];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(17), topics);
        for (var at = 0; at < topics; at++)
        {
            BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(21 + (at * ElementBytes)), 6);
        }

        return frame;
    }
}
