using OrleansStream.Endpoint;
using OrleansStream.Records;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Tests.Fakes;

namespace OrleansStream.Server.Tests.Endpoint;

public sealed class ProduceTests : IDisposable
{
    private readonly OpenPartitions _silo = new();

    public void Dispose() => _silo.Dispose();

    [Fact]
    public async Task A_batch_gets_the_next_offset_and_its_memory_is_released()
    {
        var (partition, _) = _silo.Open();
        var batch = Batches.Of(records: 2);

        var first = await _silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, batch));
        var second = await _silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, Batches.Of(1)));

        Assert.Equal((ErrorCode.None, Offset.Zero), (first.Error, first.BaseOffset));
        Assert.Equal(new Offset(2), second.BaseOffset);
        Assert.Throws<ObjectDisposedException>(() => batch.Memory);
    }

    [Fact]
    public async Task A_partition_that_is_not_open_here_sends_the_caller_elsewhere_and_releases_the_batch()
    {
        var batch = Batches.Of(1);

        var response = await _silo.Endpoint.ProduceAsync(new ProduceRequest(new PartitionId(Guid.Empty, 3), batch));

        Assert.Equal((ErrorCode.NotLeaderOrFollower, Offset.None), (response.Error, response.BaseOffset));
        Assert.Throws<ObjectDisposedException>(() => batch.Memory);
    }

    [Fact]
    public async Task A_request_without_a_batch_is_refused()
    {
        var (partition, _) = _silo.Open();

        var empty = await _silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, RecordBytes.Empty));
        var missing = await _silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, null!));

        Assert.Equal([ErrorCode.InvalidRequest, ErrorCode.InvalidRequest], [empty.Error, missing.Error]);
    }

    [Theory]
    [InlineData(ErrorCode.FencedLeaderEpoch, ErrorCode.NotLeaderOrFollower)]
    [InlineData(ErrorCode.StorageError, ErrorCode.StorageError)]
    [InlineData(ErrorCode.DiskFull, ErrorCode.DiskFull)]
    public async Task A_log_that_ended_tells_the_caller_what_to_do(ErrorCode end, ErrorCode told)
    {
        var (partition, log) = _silo.Open();
        log.Fail(end);

        Assert.Equal(told, (await _silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, Batches.Of(1)))).Error);
    }

    [Fact]
    public async Task An_append_overtaken_by_a_clean_close_sends_the_caller_elsewhere()
    {
        var (partition, log) = _silo.Open();
        var gate = new TaskCompletionSource();
        log.Gate = gate.Task;
        var append = partition.AppendAsync(Batches.Of(1).Memory);

        await log.DisposeAsync();
        gate.SetResult();

        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await append).Error);
    }

    [Fact]
    public async Task What_the_silo_has_no_room_for_is_put_off_until_it_has()
    {
        var batchBytes = Batches.Of(1).Length;
        using var silo = new OpenPartitions(new OrleansStreamServerOptions { MaxProduceBytesInHand = batchBytes });
        var (partition, log) = silo.Open();
        var gate = new TaskCompletionSource();
        log.Gate = gate.Task;
        var first = silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, Batches.Of(1)));

        var refused = await silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, Batches.Of(1)));
        gate.SetResult();
        await first;
        var later = await silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, Batches.Of(1)));

        Assert.Equal((ErrorCode.Throttled, ErrorCode.None), (refused.Error, later.Error));
        Assert.True(OrleansStreamException.IsRetriableCode(refused.Error));
    }

    [Fact]
    public async Task Draining_finishes_what_is_in_hand_refuses_the_rest_and_ends_waits()
    {
        var (partition, log) = _silo.Open();
        var gate = new TaskCompletionSource();
        log.Gate = gate.Task;
        var inHand = _silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, Batches.Of(1)));
        var waiting = _silo.Endpoint.FetchAsync(
            new FetchRequest([new FetchPartition(partition.Id, Offset.Zero, 1000)], 1, 1000, ProtocolLimits.MaxFetchWait), CancellationToken.None);

        var drain = _silo.Endpoint.DrainAsync(TestTime.Limit, CancellationToken.None);
        var late = await _silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, Batches.Of(1)));
        await waiting.WaitAsync(TestTime.Limit);
        Assert.False(drain.IsCompleted);
        gate.SetResult();
        await drain.WaitAsync(TestTime.Limit);

        Assert.Equal((ErrorCode.None, ErrorCode.NotLeaderOrFollower), ((await inHand).Error, late.Error));
    }

    [Fact]
    public async Task A_partition_is_appending_until_its_last_append_has_ended()
    {
        var (partition, log) = _silo.Open();
        Assert.False(_silo.Endpoint.IsAppending(partition.Id));
        var gate = new TaskCompletionSource();
        log.Gate = gate.Task;
        var appends = new[] { 1, 2 }.Select(count => _silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, Batches.Of(count)))).ToArray();
        using var limit = new CancellationTokenSource(TestTime.Limit);
        while (!_silo.Endpoint.IsAppending(partition.Id))
        {
            await Task.Delay(1, limit.Token);
        }

        gate.SetResult();
        await Task.WhenAll(appends);

        Assert.False(_silo.Endpoint.IsAppending(partition.Id));
        Assert.False(_silo.Endpoint.IsAppending(new PartitionId(Guid.NewGuid(), 0)));
    }

    [Fact]
    public async Task Draining_gives_up_on_an_append_that_does_not_end()
    {
        var (partition, log) = _silo.Open();
        log.Gate = new TaskCompletionSource().Task;
        _ = _silo.Endpoint.ProduceAsync(new ProduceRequest(partition.Id, Batches.Of(1)));

        var drain = _silo.Endpoint.DrainAsync(TimeSpan.FromSeconds(5), CancellationToken.None);
        _silo.Time.Advance(TimeSpan.FromSeconds(5));

        await drain.WaitAsync(TestTime.Limit);
    }
}
