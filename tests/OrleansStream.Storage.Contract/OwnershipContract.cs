using OrleansStream.Topics;

namespace OrleansStream.Storage.Contract;

/// <summary>Epochs and fencing (invariant I4), deleting and listing logs.</summary>
public abstract class OwnershipContract : StoreContract
{
    [Fact]
    public async Task Every_opening_takes_the_next_epoch()
    {
        var epochs = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            var log = await OpenAsync();
            epochs.Add(log.LeaderEpoch.Value);
            if (i % 2 == 0)
            {
                await log.DisposeAsync();
            }
        }

        epochs.Add((await ReopenAsync()).LeaderEpoch.Value);
        Assert.Equal([0, 1, 2, 3, 4], epochs);
    }

    [Fact]
    public async Task Opening_again_fences_the_earlier_opening()
    {
        var earlier = await OpenAsync();
        await earlier.AppendedAsync(TestBatch.Of(records: 2));

        var later = await OpenAsync();

        var end = await Assert.ThrowsAsync<OrleansStreamException>(() => Soon(earlier.Completion));
        Assert.Equal(ErrorCode.FencedLeaderEpoch, end.ErrorCode);
        Assert.Equal(ErrorCode.FencedLeaderEpoch, (await earlier.AppendAsync(TestBatch.Of(), CancellationToken.None)).Error);
        var read = await Assert.ThrowsAsync<OrleansStreamException>(async () => await earlier.ReadAsync(Offset.Zero, 1000, firstWhole: true, CancellationToken.None));
        Assert.Equal(ErrorCode.FencedLeaderEpoch, read.ErrorCode);
        var roll = await Assert.ThrowsAsync<OrleansStreamException>(async () => await earlier.RollAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.FencedLeaderEpoch, roll.ErrorCode);
        Assert.Equal(new Offset(2), await later.AppendedAsync(TestBatch.Of()));
        await earlier.DisposeAsync();
        Assert.Equal(new Offset(3), await later.AppendedAsync(TestBatch.Of()));
    }

    [Fact]
    public async Task Appends_that_race_with_a_takeover_are_stored_exactly_where_they_were_acknowledged()
    {
        var acknowledged = new List<Offset>();
        var log = await OpenAsync();
        for (var round = 0; round < 10; round++)
        {
            var appends = Enumerable.Range(0, 20).Select(_ => log.AppendAsync(TestBatch.Of(), CancellationToken.None).AsTask()).ToArray();
            var next = await OpenAsync();
            foreach (var result in await Task.WhenAll(appends))
            {
                Assert.True(result.Error is ErrorCode.None or ErrorCode.FencedLeaderEpoch, $"{result}");
                if (result.Error == ErrorCode.None)
                {
                    acknowledged.Add(result.BaseOffset);
                }
            }

            log = next;
        }

        Assert.Equal(acknowledged.Distinct().Order(), acknowledged);
        Assert.Equal(new Offset(acknowledged.Count), log.Offsets.HighWatermark);
        Assert.Equal(acknowledged.Count, (await log.ReadBatchesAsync(Offset.Zero)).Count);
    }

    [Fact]
    public async Task The_end_of_an_epoch_is_the_start_of_the_next_one_that_wrote()
    {
        var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.Of(records: 5));
        log = await ReopenAsync();
        log = await ReopenAsync();
        Assert.Equal((new LeaderEpoch(0), new Offset(5)), log.FindEpochEnd(new LeaderEpoch(1)));
        await log.AppendedAsync(TestBatch.Of(records: 3));

        for (var i = 0; i < 2; i++)
        {
            Assert.Equal((new LeaderEpoch(0), new Offset(5)), log.FindEpochEnd(new LeaderEpoch(0)));
            Assert.Equal((new LeaderEpoch(0), new Offset(5)), log.FindEpochEnd(new LeaderEpoch(1)));
            Assert.Equal((new LeaderEpoch(2), new Offset(8)), log.FindEpochEnd(new LeaderEpoch(2)));
            Assert.Null(log.FindEpochEnd(LeaderEpoch.None));
            log = await ReopenAsync();
        }
    }

    [Fact]
    public async Task A_deleted_log_is_gone_and_begins_anew()
    {
        var log = await OpenAsync();
        await log.AppendedAsync(TestBatch.Of(records: 5));

        await Store.DeleteAsync(Partition, CancellationToken.None);
        await Store.DeleteAsync(Partition, CancellationToken.None);

        await Assert.ThrowsAsync<OrleansStreamException>(() => Soon(log.Completion));
        Assert.NotEqual(ErrorCode.None, (await log.AppendAsync(TestBatch.Of(), CancellationToken.None)).Error);
        Assert.Null(await Store.DescribeAsync(Partition, CancellationToken.None));
        Assert.Empty(await ListAsync());
        Assert.Equal(Offset.Zero, (await OpenAsync()).Offsets.LogEnd);
    }

    [Fact]
    public async Task Every_log_is_listed_whether_open_or_not()
    {
        var others = Enumerable.Range(0, 5).Select(i => new PartitionId(Guid.NewGuid(), i)).ToArray();
        foreach (var other in others)
        {
            await using var log = await Store.OpenAsync(other, TopicConfiguration.Default, CancellationToken.None);
        }

        await OpenAsync();
        await Store.DeleteAsync(others[0], CancellationToken.None);

        Assert.Equal(others[1..].Append(Partition).OrderBy(id => id.ToString(), StringComparer.Ordinal), await ListAsync());
    }

    [Fact]
    public async Task Many_logs_work_side_by_side()
    {
        var topic = Guid.NewGuid();
        var logs = await Task.WhenAll(Enumerable.Range(0, 40).Select(i =>
            Store.OpenAsync(new PartitionId(topic, i), TopicConfiguration.Default, CancellationToken.None).AsTask()));

        await Task.WhenAll(logs.SelectMany(log => Enumerable.Range(0, 10).Select(_ => log.AppendedAsync(TestBatch.Of(records: 2)))));

        Assert.All(logs, log => Assert.Equal(new Offset(20), log.Offsets.HighWatermark));
    }

    private async Task<List<PartitionId>> ListAsync()
    {
        var result = new List<PartitionId>();
        await foreach (var partition in Store.ListAsync(CancellationToken.None))
        {
            result.Add(partition);
        }

        return [.. result.OrderBy(id => id.ToString(), StringComparer.Ordinal)];
    }
}
