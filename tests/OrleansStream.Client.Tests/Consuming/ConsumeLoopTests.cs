using OrleansStream.Client.Tests.Consuming.Fakes;

namespace OrleansStream.Client.Tests.Consuming;

public class ConsumeLoopTests
{
    private static readonly TopicPartition s_first = ScriptedCluster.Name(0);

    [Fact]
    public async Task A_second_loop_at_the_same_time_is_refused_and_a_later_one_is_not()
    {
        var cluster = new ScriptedCluster(1);
        cluster.Log(0).AppendNumbers(3, perBatch: 3);
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);

        await foreach (var record in consumer)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => consumer.TakeAsync(1));
            break;
        }

        Assert.Equal("1", (await consumer.TakeAsync(1))[0].Value);
    }

    [Fact]
    public async Task Going_on_completes_synchronously_while_records_are_buffered()
    {
        var cluster = new ScriptedCluster(1);
        cluster.Log(0).AppendNumbers(100, perBatch: 10);
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);

        await using var loop = consumer.GetAsyncEnumerator();
        Assert.True(await loop.MoveNextAsync());
        for (var i = 1; i < 100; i++)
        {
            var moving = loop.MoveNextAsync();
            Assert.True(moving.IsCompletedSuccessfully);
            Assert.True(await moving);
        }
    }

    [Fact]
    public async Task Cancellation_ends_the_loop_although_more_is_buffered_and_the_record_in_hand_is_done()
    {
        var cluster = new ScriptedCluster(1);
        cluster.Log(0).AppendNumbers(10, perBatch: 10);
        await using var consumer = cluster.Consumer(o => o with { GroupId = "g" });
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);
        using var cancellation = new CancellationTokenSource();
        var seen = 0;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var record in consumer.WithCancellation(cancellation.Token))
            {
                if (++seen == 4)
                {
                    await cancellation.CancelAsync();
                }
            }
        });
        await consumer.CommitAsync();

        Assert.Equal(4, seen);
        Assert.Equal(new Offset(4), cluster.TheGroup.Offsets[s_first]);
    }

    [Fact]
    public async Task Cancellation_ends_a_loop_that_waits_for_records()
    {
        var cluster = new ScriptedCluster(1);
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);
        using var cancellation = new CancellationTokenSource();
        await using var loop = consumer.GetAsyncEnumerator(cancellation.Token);

        var moving = loop.MoveNextAsync().AsTask();
        Assert.False(moving.IsCompleted);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => moving.WaitAsync(Consumption.Patience));
    }

    [Fact]
    public async Task Disposing_ends_a_loop_that_waits_for_records()
    {
        var cluster = new ScriptedCluster(1);
        var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);
        await using var loop = consumer.GetAsyncEnumerator();
        var moving = loop.MoveNextAsync().AsTask();

        await consumer.DisposeAsync();

        Assert.False(await moving.WaitAsync(Consumption.Patience));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => consumer.TakeAsync(1));
    }

    [Fact]
    public async Task Disposing_waits_for_the_record_in_hand_and_commits_it()
    {
        var cluster = new ScriptedCluster(1);
        cluster.Log(0).AppendNumbers(10, perBatch: 10);
        var consumer = cluster.Consumer(o => o with { GroupId = "g" });
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);
        await using var loop = consumer.GetAsyncEnumerator();
        Assert.True(await loop.MoveNextAsync());
        Assert.True(await loop.MoveNextAsync());

        var disposing = consumer.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        Assert.False(await loop.MoveNextAsync());
        await disposing.WaitAsync(Consumption.Patience);

        Assert.Equal(new Offset(2), cluster.TheGroup.Offsets[s_first]);
        Assert.Equal(0, consumer.BufferedBytes);
    }

    [Fact]
    public async Task Batches_are_as_large_as_what_is_buffered_of_a_partition_and_no_larger_than_asked()
    {
        var cluster = new ScriptedCluster(1);
        cluster.Log(0).AppendNumbers(25, perBatch: 5);
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, new Offset(3))]);
        var sizes = new List<int>();

        await foreach (var batch in consumer.ConsumeBatchesAsync(maxRecords: 9))
        {
            sizes.Add(batch.Count);
            if (sizes.Sum() == 22)
            {
                break;
            }
        }

        Assert.Equal([9, 9, 4], sizes);
    }

    [Fact]
    public async Task A_batch_ends_before_a_record_that_cannot_be_read()
    {
        var cluster = new ScriptedCluster(1);
        var bad = new FakeLog().Append("x", "y").LastBatch;
        bad[^1] ^= 1;
        cluster.Log(0).Append("0", "1").AppendBatch(bad, 2);
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);
        await using var loop = consumer.ConsumeBatchesAsync().GetAsyncEnumerator();

        Assert.True(await loop.MoveNextAsync());
        Assert.Equal(2, loop.Current.Count);
        await Assert.ThrowsAsync<OrleansStreamException>(async () => await loop.MoveNextAsync());
    }

    [Fact]
    public async Task What_is_not_assigned_has_no_position()
    {
        await using var consumer = new ScriptedCluster(1).Consumer();

        Assert.Throws<InvalidOperationException>(() => consumer.Position(s_first));
        await Assert.ThrowsAsync<InvalidOperationException>(() => consumer.SeekAsync(s_first, Offset.Zero));
        await Assert.ThrowsAsync<InvalidOperationException>(() => consumer.CommitAsync());
        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => consumer.AssignAsync([new(ScriptedCluster.Name(1))]));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.ErrorCode);
    }

    [Fact]
    public async Task Partitions_that_stay_assigned_go_on_where_they_are()
    {
        var cluster = new ScriptedCluster(2);
        cluster.Log(0).AppendNumbers(10, perBatch: 10);
        cluster.Log(1).Append("other");
        await using var consumer = cluster.Consumer();
        await consumer.AssignAsync([new(s_first, Offset.Zero)]);
        await consumer.TakeAsync(5);

        await consumer.AssignAsync([new(s_first), new(ScriptedCluster.Name(1))]);

        var records = await consumer.TakeAsync(6);
        Assert.Equal(["5", "6", "7", "8", "9"], records.Where(r => r.Partition == 0).Select(r => r.Value));
        await consumer.AssignAsync([]);
        Assert.Empty(consumer.Assignment);
    }
}
