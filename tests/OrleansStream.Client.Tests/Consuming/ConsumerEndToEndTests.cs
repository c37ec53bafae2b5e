using System.Text;
using OrleansStream.Client.Consuming;
using OrleansStream.Records;
using OrleansStream.Testing;

namespace OrleansStream.Client.Tests.Consuming;

/// <summary>One consumer at a time against a real silo over TCP.</summary>
public sealed class ConsumerEndToEndTests : IAsyncLifetime
{
    private OrleansStreamTestHost _host = null!;
    private OrleansStreamClient _client = null!;

    public async Task InitializeAsync()
    {
        _host = await OrleansStreamTestHost.StartAsync();
        _client = await OrleansStreamClient.ConnectAsync(_host.GatewayAddress);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _host.DisposeAsync();
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Records_arrive_as_they_were_produced(CompressionType compression)
    {
        await _client.Admin.CreateTopicAsync("orders", 1);
        var time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);
        await using (var producer = _client.CreateProducer<string, string>(new() { Compression = compression }))
        {
            await producer.EnqueueAsync(new("orders", "k", "v") { Timestamp = time });
            await producer.EnqueueAsync(new("orders", null, null));
            await producer.EnqueueAsync(new("orders", "", "") { Headers = [new("h", "x"u8.ToArray()), new("h", (byte[]?)null), new("", Array.Empty<byte>())] });
            await producer.EnqueueAsync(new("orders", "big", new string('x', 10_000)));
        }

        await using var consumer = _client.CreateConsumer<string, string>(new() { Topics = ["orders"] });
        var records = await consumer.TakeAsync(4);

        Assert.Equal([0, 1, 2, 3], records.Select(r => r.Offset.Value));
        Assert.Equal(["k", null, "", "big"], records.Select(r => r.Key));
        Assert.Equal(["v", null, "", new string('x', 10_000)], records.Select(r => r.Value));
        Assert.Equal(time, records[0].Timestamp);
        Assert.Equal(["h=x", "h=null", "="], records[2].Headers.Select(h => $"{h.Key}={(h.Value is { } v ? Encoding.UTF8.GetString(v.Span) : "null")}"));
        Assert.Same(records[0].Headers, records[1].Headers);
        Assert.All(records, r => Assert.Same(records[0].Topic, r.Topic));
        Assert.All(records, r => Assert.Equal(new LeaderEpoch(0), r.LeaderEpoch));
    }

    [Fact]
    public async Task A_group_goes_on_behind_what_was_done_and_sees_again_what_was_not()
    {
        await ProduceAsync("orders", 1, 100);

        await using (var first = _client.CreateConsumer<string, string>(Member()))
        {
            await first.TakeAsync(40);
        }

        await using var second = _client.CreateConsumer<string, string>(Member());
        var records = await second.TakeAsync(61);

        // The fortieth was in hand when the loop ended: nobody said that it was done.
        Assert.Equal(Enumerable.Range(39, 61).Select(n => (long)n), records.Select(r => r.Offset.Value));
    }

    [Fact]
    public async Task An_explicit_commit_covers_the_record_in_hand()
    {
        await ProduceAsync("orders", 1, 10);

        await using (var first = _client.CreateConsumer<string, string>(Member() with { EnableAutoCommit = false }))
        {
            var records = await first.TakeAsync(4);
            await first.CommitAsync(records[^1]);
            Assert.Equal(new Offset(4), Assert.Single(await first.CommittedAsync([new("orders", 0)])).Offset);
        }

        await using var second = _client.CreateConsumer<string, string>(Member());
        Assert.Equal(4, (await second.TakeAsync(1))[0].Offset.Value);
    }

    [Fact]
    public async Task The_next_loop_of_a_consumer_goes_on_where_the_last_one_stopped()
    {
        await ProduceAsync("orders", 1, 10);
        await using var consumer = _client.CreateConsumer<string, string>(Member());

        var first = await consumer.TakeAsync(3);
        var second = await consumer.TakeAsync(3);
        await consumer.CommitAsync();

        Assert.Equal([0, 1, 2, 3, 4, 5], first.Concat(second).Select(r => r.Offset.Value));
        Assert.Equal(new Offset(6), consumer.Position(new("orders", 0)));
        Assert.Equal(new Offset(5), Assert.Single(await consumer.CommittedAsync([new("orders", 0)])).Offset);
    }

    [Fact]
    public async Task Seeking_by_time_is_exact_to_the_record()
    {
        await _client.Admin.CreateTopicAsync("orders", 1);
        var start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);
        await using (var producer = _client.CreateProducer<string, string>())
        {
            for (var i = 0; i < 1000; i++)
            {
                await producer.EnqueueAsync(new("orders", null, $"{i}") { Timestamp = start.AddSeconds(i) });
            }
        }

        await using var consumer = _client.CreateConsumer<string, string>(new());
        await consumer.AssignAsync([new(new("orders", 0), Offset.Zero)]);

        await consumer.SeekAsync(new("orders", 0), start.AddSeconds(700).AddMilliseconds(-1));
        Assert.Equal("700", (await consumer.TakeAsync(1))[0].Value);
        await consumer.SeekAsync(new("orders", 0), start.AddSeconds(333));
        Assert.Equal("333", (await consumer.TakeAsync(1))[0].Value);
        await consumer.SeekAsync(new("orders", 0), start.AddDays(1));
        Assert.Equal(new Offset(1000), consumer.Position(new("orders", 0)));
        await consumer.SeekToBeginningAsync(new("orders", 0));
        Assert.Equal("0", (await consumer.TakeAsync(1))[0].Value);
    }

    [Fact]
    public async Task Beginning_at_the_end_gives_only_what_comes_later()
    {
        await ProduceAsync("orders", 1, 10);
        await using var consumer = _client.CreateConsumer<string, string>(new() { OffsetReset = OffsetReset.End });
        await consumer.AssignAsync([new(new("orders", 0))]);
        await Consumption.UntilAsync(() => consumer.Position(new("orders", 0)).HasValue, "the end was found");

        await using var producer = _client.CreateProducer<string, string>();
        await producer.ProduceAsync("orders", null, "new");

        Assert.Equal("new", (await consumer.TakeAsync(1))[0].Value);
    }

    [Fact]
    public async Task Batches_hold_consecutive_records_of_one_partition()
    {
        await ProduceAsync("orders", 3, 900);
        await using var consumer = _client.CreateConsumer<string, string>(Member());
        var next = new long[3];

        using var timeout = new CancellationTokenSource(Consumption.Patience);
        await foreach (var batch in consumer.ConsumeBatchesAsync(maxRecords: 70, timeout.Token))
        {
            Assert.InRange(batch.Count, 1, 70);
            Assert.All(batch, r => Assert.Equal(batch.TopicPartition, r.TopicPartition));
            Assert.All(batch, r => Assert.Equal(next[r.Partition]++, r.Offset.Value));
            if (next.Sum() == 900)
            {
                break;
            }
        }
    }

    [Fact]
    public async Task Partitions_added_later_are_read_from_their_beginning_without_a_group()
    {
        await ProduceAsync("orders", 1, 5);
        await using var consumer = _client.CreateConsumer<string, string>(
            new() { Topics = ["orders"], OffsetReset = OffsetReset.End, TopicRefreshInterval = TimeSpan.FromMilliseconds(50) });
        var reading = consumer.TakeAsync(1);
        await Consumption.UntilAsync(() => consumer.Assignment.Count == 1, "the first partition was assigned");

        await _client.Admin.AddPartitionsAsync("orders", 2);
        await using var producer = _client.CreateProducer<string, string>();
        await producer.ProduceAsync(new("orders", null, "there") { Partition = 1 });

        Assert.Equal(new TopicPartition("orders", 1), (await reading)[0].TopicPartition);
    }

    [Fact]
    public async Task Partitions_added_later_come_to_the_group()
    {
        await ProduceAsync("orders", 1, 5);
        await using var consumer = _client.CreateConsumer<string, string>(Member());
        await consumer.TakeAsync(5);
        var reading = consumer.TakeAsync(1);

        await _client.Admin.AddPartitionsAsync("orders", 2);
        await using var producer = _client.CreateProducer<string, string>();
        await producer.ProduceAsync(new("orders", null, "there") { Partition = 1 });

        Assert.Equal(new TopicPartition("orders", 1), (await reading)[0].TopicPartition);
    }

    [Fact]
    public async Task A_group_id_with_assignment_by_hand_uses_the_offsets_of_the_group_from_outside()
    {
        await ProduceAsync("orders", 2, 20);
        var options = new ConsumerOptions<string, string> { GroupId = "g" };
        await using (var first = _client.CreateConsumer(options))
        {
            await first.AssignAsync([new(new("orders", 1), new Offset(4))]);
            await first.TakeAsync(3);
        }

        await using var second = _client.CreateConsumer(options);
        await second.AssignAsync([new(new("orders", 1))]);

        Assert.Equal(6, (await second.TakeAsync(1))[0].Offset.Value);
    }

    [Fact]
    public async Task A_record_that_cannot_be_deserialized_is_named_and_can_be_passed_over()
    {
        await ProduceAsync("orders", 1, 3);
        await using var producer = _client.CreateProducer<string, byte[]>();
        await producer.ProduceAsync("orders", null, [0xff, 0xfe]);
        await producer.ProduceAsync("orders", null, "fine"u8.ToArray());
        await using var consumer = _client.CreateConsumer<string, string>(Member());
        await consumer.TakeAsync(3);

        var first = await Assert.ThrowsAsync<OrleansStreamException>(() => consumer.TakeAsync(1));
        var again = await Assert.ThrowsAsync<OrleansStreamException>(() => consumer.TakeAsync(1));
        await consumer.SeekAsync(new("orders", 0), new Offset(4));
        var next = await consumer.TakeAsync(1);

        Assert.Equal(ErrorCode.SerializationFailed, first.ErrorCode);
        Assert.Contains("offset 3 of orders-0", first.Message, StringComparison.Ordinal);
        Assert.Equal(first.Message, again.Message);
        Assert.Equal("fine", next[0].Value);
    }

    [Fact]
    public async Task A_topic_that_does_not_exist_ends_the_loop_with_a_clear_error()
    {
        await using var consumer = _client.CreateConsumer<string, string>(new() { Topics = ["nothing"] });

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => consumer.TakeAsync(1));

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.ErrorCode);
        Assert.Contains("'nothing'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Consuming_goes_on_after_the_host_was_restarted()
    {
        await ProduceAsync("orders", 2, 20);
        await using var consumer = _client.CreateConsumer<string, string>(Member());
        await consumer.TakeAsync(20);
        var reading = consumer.TakeAsync(20);

        await _host.StopAsync();
        await _host.StartAgainAsync();
        await ProduceAsync("orders", 0, 20);

        var records = await reading;
        Assert.Equal(20, records.Select(r => (r.TopicPartition, r.Offset)).Distinct().Count());
        Assert.All(records, r => Assert.InRange(r.Offset.Value, 10, 19));
    }

    private static ConsumerOptions<string, string> Member() => new() { GroupId = "g", Topics = ["orders"] };

    private async Task ProduceAsync(string topic, int partitions, int count)
    {
        if (partitions > 0)
        {
            await _client.Admin.CreateTopicAsync(topic, partitions);
        }

        var partitionCount = (await _client.Admin.DescribeTopicAsync(topic)).PartitionCount;
        await using var producer = _client.CreateProducer<string, string>();
        for (var i = 0; i < count; i++)
        {
            await producer.EnqueueAsync(new(topic, $"k{i}", $"v{i}") { Partition = i % partitionCount });
        }

        await producer.FlushAsync();
    }
}
