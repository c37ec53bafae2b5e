using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Tests.Consuming.Fakes;
using OrleansStream.Endpoint;
using OrleansStream.Records;

namespace OrleansStream.Client.Tests.Consuming;

public class FetchingTests
{
    private static readonly TopicPartition s_first = ScriptedCluster.Name(0);

    [Fact]
    public async Task A_fetch_that_is_answered_after_a_seek_is_dropped()
    {
        var cluster = new ScriptedCluster(1);
        cluster.Log(0).AppendNumbers(100, perBatch: 10);
        var (held, release) = HoldFirstAnswer(cluster.Silo);
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);
        await held;

        await consumer.SeekAsync(s_first, new Offset(55));
        release();

        Assert.Equal(Numbers(55, 45), (await consumer.TakeAsync(45)).Select(r => r.Value));
    }

    [Fact]
    public async Task A_fetch_that_is_answered_after_a_pause_is_dropped_and_nothing_is_lost()
    {
        var cluster = new ScriptedCluster(2);
        cluster.Log(0).AppendNumbers(20, perBatch: 10);
        var (held, release) = HoldFirstAnswer(cluster.Silo);
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero), new(ScriptedCluster.Name(1), Offset.Zero)]);
        await held;

        consumer.Pause([s_first]);
        release();
        cluster.Log(1).Append("other");
        Assert.Equal("other", Assert.Single(await consumer.TakeAsync(1)).Value);
        consumer.Resume([s_first]);

        Assert.Equal(Numbers(0, 20), (await consumer.TakeAsync(20)).Select(r => r.Value));
    }

    [Fact]
    public async Task A_pause_inside_the_loop_holds_from_the_next_record_on()
    {
        var cluster = new ScriptedCluster(2);
        cluster.Log(0).AppendNumbers(10, perBatch: 10);
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero), new(ScriptedCluster.Name(1), Offset.Zero)]);
        var seen = new List<string>();

        await foreach (var record in consumer)
        {
            seen.Add(record.Value!);
            switch (record.Value)
            {
                case "3":
                    consumer.Pause([s_first]);
                    cluster.Log(1).Append("other");
                    break;
                case "other":
                    consumer.Resume([s_first]);
                    break;
            }

            if (record.Value == "9")
            {
                break;
            }
        }

        Assert.Equal([.. Numbers(0, 4), "other", .. Numbers(4, 6)], seen);
    }

    [Fact]
    public async Task A_seek_inside_the_loop_counts_from_the_next_record_on()
    {
        var cluster = new ScriptedCluster(1);
        cluster.Log(0).AppendNumbers(10, perBatch: 10);
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);
        var seen = new List<string>();

        await foreach (var record in consumer)
        {
            seen.Add(record.Value!);
            if (seen.Count == 3)
            {
                await consumer.SeekAsync(s_first, new Offset(1));
            }

            if (seen.Count == 5)
            {
                break;
            }
        }

        Assert.Equal(["0", "1", "2", "1", "2"], seen);
    }

    [Theory]
    [InlineData(OffsetReset.Beginning, "7")]
    [InlineData(OffsetReset.End, "new")]
    public async Task An_offset_that_the_log_does_not_hold_is_reset_as_told(OffsetReset reset, string expected)
    {
        var cluster = new ScriptedCluster(1);
        cluster.Log(0).AppendNumbers(20, perBatch: 1).Start = 7;
        await using var consumer = cluster.Consumer(o => o with { OffsetReset = reset });
        await consumer.AssignAsync([new(s_first, new Offset(3))]);
        var reading = consumer.TakeAsync(1);
        await Consumption.UntilAsync(() => consumer.Position(s_first) is { Value: > 3 }, "the position was reset");

        cluster.Log(0).Append("new");

        Assert.Equal(expected, (await reading)[0].Value);
    }

    [Fact]
    public async Task An_offset_that_the_log_does_not_hold_ends_the_loop_when_it_may_not_be_reset()
    {
        var cluster = new ScriptedCluster(1);
        cluster.Log(0).AppendNumbers(20, perBatch: 1).Start = 7;
        await using var consumer = cluster.Consumer(o => o with { OffsetReset = OffsetReset.Fail });
        await consumer.AssignAsync([new(s_first, new Offset(3))]);

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => consumer.TakeAsync(1));
        await consumer.SeekToBeginningAsync(s_first);
        var next = await consumer.TakeAsync(1);

        Assert.Equal(ErrorCode.OffsetOutOfRange, error.ErrorCode);
        Assert.Contains("only 7 up to 20", error.Message, StringComparison.Ordinal);
        Assert.Equal("7", next[0].Value);
    }

    [Fact]
    public async Task Without_a_commit_and_without_a_reset_every_loop_ends_until_somebody_seeks()
    {
        var cluster = new ScriptedCluster(1);
        cluster.Log(0).AppendNumbers(3, perBatch: 1);
        await using var consumer = cluster.Consumer(o => o with { GroupId = "g", OffsetReset = OffsetReset.Fail });
        await consumer.AssignAsync([new(s_first)]);

        await Assert.ThrowsAsync<OrleansStreamException>(() => consumer.TakeAsync(1));
        await Assert.ThrowsAsync<OrleansStreamException>(() => consumer.TakeAsync(1));
        await consumer.SeekAsync(s_first, new Offset(1));

        Assert.Equal("1", (await consumer.TakeAsync(1))[0].Value);
    }

    [Fact]
    public async Task Reading_ahead_stops_at_the_bound()
    {
        const int Bound = 64 * 1024;
        var cluster = new ScriptedCluster(4);
        for (var i = 0; i < 4; i++)
        {
            for (var n = 0; n < 100; n++)
            {
                cluster.Log(i).Append(new string('x', 2000));
            }
        }

        var batch = cluster.Log(0).LastBatch.Length;
        await using var consumer = cluster.Consumer(o => o with { MaxBufferedBytes = Bound, MaxPartitionFetchBytes = 16 * 1024 });
        await consumer.AssignAsync(Enumerable.Range(0, 4).Select(i => new TopicPartitionOffset(ScriptedCluster.Name(i), Offset.Zero)));
        await Consumption.UntilAsync(() => consumer.BufferedBytes > Bound - (16 * 1024) && cluster.Silo.FetchesUnderWay == 0, "the buffer was full");

        Assert.InRange(consumer.BufferedBytes, 1, Bound + batch);
        Assert.Equal(400, (await consumer.TakeAsync(400)).Count);
        Assert.InRange(cluster.Silo.LargestAnswer, 1, Bound + batch);
    }

    [Fact]
    public async Task A_partition_with_much_to_read_does_not_wait_for_one_with_nothing()
    {
        var cluster = new ScriptedCluster(2);
        cluster.Log(0).AppendNumbers(200, perBatch: 1);
        await using var consumer = cluster.Consumer(o => o with { MaxPartitionFetchBytes = 500, MaxFetchWait = TimeSpan.FromSeconds(5) });
        await consumer.AssignAsync([new(s_first, Offset.Zero), new(ScriptedCluster.Name(1), Offset.Zero)]);
        var clock = Stopwatch.StartNew();

        await consumer.TakeAsync(200);

        Assert.InRange(cluster.Silo.Fetches.Count, 20, 1000);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_partition_that_comes_to_the_end_joins_the_wait_at_once()
    {
        var cluster = new ScriptedCluster(2);
        await using var consumer = cluster.Consumer(o => o with { MaxFetchWait = TimeSpan.FromSeconds(5) });
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);
        await Consumption.UntilAsync(() => cluster.Silo.Fetches.Any(f => f.MaxWait > TimeSpan.Zero), "the first partition waits");

        await consumer.AssignAsync([new(s_first), new(ScriptedCluster.Name(1), Offset.Zero)]);

        await Consumption.UntilAsync(() => cluster.Silo.Fetches.Any(f => f.MaxWait > TimeSpan.Zero && f.Partitions.Length == 2), "both wait together");
        Assert.True(cluster.Silo.Fetches.Count < 10);
    }

    [Fact]
    public async Task A_partition_that_moved_is_read_on_from_its_new_silo()
    {
        var cluster = new ScriptedCluster(1, silos: 2);
        cluster.Log(0).AppendNumbers(10, perBatch: 5);
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);
        await consumer.TakeAsync(10);

        cluster.Move(0, from: 0, to: 1);
        cluster.Log(0).Append("moved");

        var record = (await consumer.TakeAsync(1))[0];
        Assert.Equal(("moved", new Offset(10), new LeaderEpoch(1)), (record.Value, record.Offset, record.LeaderEpoch));
    }

    [Fact]
    public async Task Trouble_on_the_way_is_retried()
    {
        var cluster = new ScriptedCluster(1);
        cluster.Log(0).AppendNumbers(10, perBatch: 5);
        var failures = 3;
        cluster.Silo.Instead = request => Interlocked.Decrement(ref failures) >= 0 ? throw new TimeoutException() : Task.FromResult<FetchResponse?>(null);
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);

        Assert.Equal(Numbers(0, 10), (await consumer.TakeAsync(10)).Select(r => r.Value));
    }

    [Fact]
    public async Task A_partition_that_stays_unknown_ends_the_loop_after_a_while()
    {
        var time = new FakeTimeProvider();
        var cluster = new ScriptedCluster(1, time);
        cluster.Silo.Instead = request => Task.FromResult<FetchResponse?>(new FetchResponse(
            [new FetchedPartition(request.Partitions[0].Partition, ErrorCode.UnknownTopicOrPartition, Offset.None, Offset.None, RecordBytes.Empty, "Gone.")]));
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);

        var reading = consumer.TakeAsync(1);
        await Consumption.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(50));
                return reading.IsCompleted;
            },
            "the loop ended");

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => reading);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.ErrorCode);
        Assert.Contains("orders-0", error.Message, StringComparison.Ordinal);
        Assert.InRange(cluster.Silo.Fetches.Count, 5, 100);
    }

    [Fact]
    public async Task Damaged_bytes_end_the_loop_where_they_lie_and_can_be_passed_over()
    {
        var cluster = new ScriptedCluster(1);
        var log = cluster.Log(0).Append("0", "1").Append("2", "3").Append("4");
        var good = log.Read(2, 1).Length;
        var bad = log.Read(2, int.MaxValue).AsSpan(0, good).ToArray();
        bad[^1] ^= 1;
        cluster = new ScriptedCluster(1);
        cluster.Log(0).Append("0", "1").AppendBatch(bad, 2).Append("4");
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);
        await consumer.TakeAsync(2);

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => consumer.TakeAsync(1));
        Assert.Equal(new Offset(2), consumer.Position(s_first));
        await consumer.SeekAsync(s_first, new Offset(4));

        Assert.Equal(ErrorCode.CorruptMessage, error.ErrorCode);
        Assert.Contains("orders-0 cannot be read from offset 2", error.Message, StringComparison.Ordinal);
        Assert.Equal("4", (await consumer.TakeAsync(1))[0].Value);
    }

    [Fact]
    public async Task Control_batches_are_passed_over_and_count_as_done()
    {
        var cluster = new ScriptedCluster(1);
        var control = new FakeLog().Append("marker").LastBatch.ToArray();
        control[22] |= 0x20;
        BinaryPrimitives.WriteUInt32BigEndian(control.AsSpan(17), Crc32C.Compute(control.AsSpan(21)));
        cluster.Log(0).Append("a").AppendBatch([.. control], 1).Append("b").AppendBatch([.. control], 1);
        await using var consumer = cluster.Consumer(o => o with { GroupId = "g" });
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);

        var records = await consumer.TakeAsync(2);
        var reading = consumer.TakeAsync(1);
        await Consumption.UntilAsync(() => consumer.Position(s_first) == new Offset(4), "the last marker was passed over");
        await consumer.CommitAsync();
        cluster.Log(0).Append("c");

        Assert.Equal(["a", "b"], records.Select(r => r.Value));
        Assert.Equal("c", (await reading)[0].Value);
        Assert.Equal(new Offset(4), cluster.TheGroup.Offsets[s_first]);
    }

    private static (Task Held, Action Release) HoldFirstAnswer(FakeSilo silo)
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        silo.BeforeAnswer = (_, _) =>
        {
            silo.BeforeAnswer = null;
            held.SetResult();
            return released.Task;
        };
        return (held.Task, released.SetResult);
    }

    private static IEnumerable<string> Numbers(int first, int count) => Enumerable.Range(first, count).Select(n => $"{n}");
}
