using System.Diagnostics;
using Orleans.Core.Internal;
using OrleansStream.Endpoint;
using OrleansStream.Records;
using OrleansStream.Server.Tests.Fakes;

namespace OrleansStream.Server.Tests.Endpoint;

[Collection(SiloCollection.Name)]
public sealed class StreamEndpointTests(SiloFixture silo)
{
    [Fact]
    public async Task A_client_appends_and_fetches_through_the_gateway_of_the_owner()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();

        var produced = await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(records: 5)));
        var fetched = (await endpoint.FetchAsync(Fetch(id), CancellationToken.None)).Partitions[0];

        Assert.Equal((ErrorCode.None, Offset.Zero), (produced.Error, produced.BaseOffset));
        Assert.Equal((ErrorCode.None, new Offset(5)), (fetched.Error, fetched.HighWatermark));
        using var expected = Batches.Of(records: 5);
        Assert.Equal(
            expected.Memory.Span[RecordBatchFormat.PrefixBytes..].ToArray(), fetched.Batches.Memory.Span[RecordBatchFormat.PrefixBytes..].ToArray());
    }

    [Fact]
    public async Task Code_inside_the_silo_reaches_the_same_partition()
    {
        var topic = await silo.CreateTopicAsync();
        var id = new PartitionId(topic.TopicId, 0);
        var endpoint = silo.InSilo(await silo.Partition(id).GetLeaderAsync());

        var produced = await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(records: 2)));
        var fetched = (await endpoint.FetchAsync(Fetch(id), CancellationToken.None)).Partitions[0];

        Assert.Equal(ErrorCode.None, produced.Error);
        Assert.Equal(new Offset(2), fetched.HighWatermark);
    }

    [Fact]
    public async Task An_append_ends_a_wait_over_the_network()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();
        using var waits = new FetchWaits(silo.Host.Services);
        var fetch = endpoint.FetchAsync(Fetch(id, TimeSpan.FromSeconds(5)), CancellationToken.None);
        await waits.ReachAsync(1);

        await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(1)));

        Assert.Equal(new Offset(1), (await fetch).Partitions[0].HighWatermark);
    }

    [Fact]
    public async Task A_wait_that_nothing_ends_is_over_in_time()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();

        var start = Stopwatch.GetTimestamp();
        var fetched = (await endpoint.FetchAsync(Fetch(id, TimeSpan.FromMilliseconds(150)), CancellationToken.None)).Partitions[0];

        Assert.Equal((ErrorCode.None, 0), (fetched.Error, fetched.Batches.Length));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(140));
    }

    [Fact]
    public async Task A_client_that_gives_up_ends_its_wait_on_the_silo()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();
        using var waits = new FetchWaits(silo.Host.Services);
        using var giveUp = new CancellationTokenSource();
        var fetch = endpoint.FetchAsync(Fetch(id, TimeSpan.FromSeconds(5)), giveUp.Token);
        await waits.ReachAsync(1);

        await giveUp.CancelAsync();

        await waits.ReachAsync(0);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetch);
    }

    [Fact]
    public async Task A_waiting_fetch_does_not_delay_the_closing_of_its_partition()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();
        Assert.True(silo.Table.TryFind(id, out var partition));
        using var waits = new FetchWaits(silo.Host.Services);
        var fetch = endpoint.FetchAsync(Fetch(id, TimeSpan.FromSeconds(5)), CancellationToken.None);
        await waits.ReachAsync(1);

        var start = Stopwatch.GetTimestamp();
        await silo.Partition(id).Cast<IGrainManagementExtension>().DeactivateOnIdle();
        await partition.Closed.WaitAsync(TestTime.Limit);
        var fetched = (await fetch).Partitions[0];

        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(2), "The close waited for the fetch.");
        Assert.Equal(ErrorCode.NotLeaderOrFollower, fetched.Error);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(1)))).Error);
    }

    [Fact]
    public async Task Appends_of_many_callers_get_offsets_without_gap_or_double()
    {
        const int Callers = 16;
        const int BatchesPerCaller = 20;
        var (id, endpoint) = await silo.OpenPartitionAsync();

        var offsets = await Task.WhenAll(Enumerable.Range(0, Callers).Select(async _ =>
        {
            var mine = new List<long>();
            for (var batch = 0; batch < BatchesPerCaller; batch++)
            {
                var response = await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(records: 3)));
                Assert.Equal(ErrorCode.None, response.Error);
                mine.Add(response.BaseOffset.Value);
            }

            Assert.Equal(mine.Order(), mine);
            return mine;
        }));

        Assert.Equal(Enumerable.Range(0, Callers * BatchesPerCaller).Select(number => number * 3L), offsets.SelectMany(mine => mine).Order());
    }

    [Fact]
    public async Task A_repeated_batch_of_an_idempotent_producer_gets_its_old_offset()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();
        await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(4)));

        var first = await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(2, producerId: 77, producerEpoch: 0, baseSequence: 0)));
        var second = await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(2, producerId: 77, producerEpoch: 0, baseSequence: 2)));
        var repeated = await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(2, producerId: 77, producerEpoch: 0, baseSequence: 0)));
        var gap = await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(2, producerId: 77, producerEpoch: 0, baseSequence: 9)));

        Assert.Equal([4L, 6L, 4L], [first.BaseOffset.Value, second.BaseOffset.Value, repeated.BaseOffset.Value]);
        Assert.Equal((ErrorCode.None, ErrorCode.OutOfOrderSequenceNumber), (repeated.Error, gap.Error));
    }

    [Fact]
    public async Task A_damaged_batch_and_one_that_is_too_large_are_refused_and_the_next_is_served()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync(("max.message.bytes", "2048"));
        using var sound = Batches.Of(1);
        var damaged = sound.Memory.ToArray();
        damaged[^1] ^= 1;

        var corrupt = await endpoint.ProduceAsync(new ProduceRequest(id, RecordBytes.Wrap(damaged)));
        var cut = await endpoint.ProduceAsync(new ProduceRequest(id, RecordBytes.Wrap(sound.Memory[..20])));
        var large = await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(1, valueBytes: 4096)));
        var good = await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(1)));

        Assert.Equal(
            [ErrorCode.CorruptMessage, ErrorCode.CorruptMessage, ErrorCode.MessageTooLarge, ErrorCode.None],
            [corrupt.Error, cut.Error, large.Error, good.Error]);
        Assert.Equal(Offset.Zero, good.BaseOffset);
        Assert.All([corrupt, cut, large], refused => Assert.False(string.IsNullOrEmpty(refused.Message)));
    }

    [Fact]
    public async Task A_large_batch_crosses_whole()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync(("max.message.bytes", "30000000"));
        var batch = Batches.Of(1, valueBytes: 25_000_000);
        var bytes = batch.Length;

        var produced = await endpoint.ProduceAsync(new ProduceRequest(id, batch));
        var fetched = (await endpoint.FetchAsync(Fetch(id) with { MaxBytes = 1 }, CancellationToken.None)).Partitions[0];

        Assert.Equal(ErrorCode.None, produced.Error);
        Assert.Equal(bytes, fetched.Batches.Length);
    }

    [Fact]
    public async Task A_topic_that_never_was_or_is_gone_is_not_served()
    {
        var (gone, endpoint) = await silo.OpenPartitionAsync();
        var name = (await silo.Client.GetGrain<Grains.IClusterGrain>(0).ListTopicsAsync("", null, 1000)).Single(topic => topic.TopicId == gone.TopicId).Name;
        await silo.Topic(name).DeleteAsync();
        var never = new PartitionId(Guid.NewGuid(), 0);

        foreach (var id in new[] { gone, never })
        {
            Assert.Equal(ErrorCode.NotLeaderOrFollower, (await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(1)))).Error);
            Assert.Equal(ErrorCode.NotLeaderOrFollower, (await endpoint.FetchAsync(Fetch(id), CancellationToken.None)).Partitions[0].Error);
            Assert.Equal(
                ErrorCode.UnknownTopicOrPartition,
                (await Assert.ThrowsAsync<OrleansStreamException>(() => silo.Partition(id).GetLeaderAsync())).ErrorCode);
        }
    }

    [Fact]
    public async Task Beginning_end_and_time_are_found()
    {
        var (id, endpoint) = await silo.OpenPartitionAsync();
        await endpoint.ProduceAsync(new ProduceRequest(id, Batches.Of(records: 3)));

        var beginning = await endpoint.FindOffsetAsync(new FindOffsetRequest(id, OffsetPosition.Beginning));
        var end = await endpoint.FindOffsetAsync(new FindOffsetRequest(id, OffsetPosition.End));
        var second = await endpoint.FindOffsetAsync(new FindOffsetRequest(id, OffsetPosition.Timestamp, 1_700_000_000_001));
        var later = await endpoint.FindOffsetAsync(new FindOffsetRequest(id, OffsetPosition.Timestamp, 1_800_000_000_000));
        var wrong = await endpoint.FindOffsetAsync(new FindOffsetRequest(id, (OffsetPosition)9));

        Assert.Equal((Offset.Zero, new Offset(3)), (beginning.Offset, end.Offset));
        Assert.Equal((new Offset(1), 1_700_000_000_001), (second.Offset, second.TimestampMs));
        Assert.Equal((ErrorCode.None, Offset.None), (later.Error, later.Offset));
        Assert.Equal(ErrorCode.InvalidRequest, wrong.Error);
    }

    private static FetchRequest Fetch(PartitionId id, TimeSpan wait = default) =>
        new([new FetchPartition(id, Offset.Zero, 1_000_000)], 1, 1_000_000, wait);
}
