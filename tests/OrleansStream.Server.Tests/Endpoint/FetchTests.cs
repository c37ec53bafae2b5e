using OrleansStream.Endpoint;
using OrleansStream.Records;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Partitions;
using OrleansStream.Server.Tests.Fakes;

namespace OrleansStream.Server.Tests.Endpoint;

/// <summary>A fetch on memory logs runs up to its wait before the call returns, so "the fetch waits" needs no signal of its own.</summary>
public sealed class FetchTests : IDisposable
{
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(2);

    private readonly OpenPartitions _silo = new();

    public void Dispose() => _silo.Dispose();

    [Fact]
    public async Task Batches_that_are_there_are_answered_at_once()
    {
        var (partition, _) = _silo.Open();
        await AppendAsync(partition, records: 3);

        var fetch = FetchAsync(Request(1, partition));

        Assert.True(fetch.IsCompleted);
        var answer = (await fetch).Partitions[0];
        Assert.Equal(ErrorCode.None, answer.Error);
        Assert.Equal(new Offset(3), answer.HighWatermark);
        Assert.Equal(2, new RecordBatchHeader(answer.Batches.Memory.Span).LastOffset);
    }

    [Fact]
    public async Task An_append_ends_the_wait()
    {
        var (partition, _) = _silo.Open();
        var fetch = FetchAsync(Request(1, partition));
        Assert.False(fetch.IsCompleted);

        await AppendAsync(partition, records: 1);

        var answer = (await fetch.WaitAsync(TestTime.Limit)).Partitions[0];
        Assert.Equal(new Offset(1), answer.HighWatermark);
        Assert.NotEqual(0, answer.Batches.Length);
    }

    [Fact]
    public async Task A_wait_for_many_bytes_goes_on_until_they_are_there()
    {
        var (first, _) = _silo.Open(0);
        var (second, _) = _silo.Open(1);
        var batchBytes = await AppendAsync(first, records: 1);
        var fetch = FetchAsync(Request(3 * batchBytes, first, second));

        await AppendAsync(second, records: 1);
        Assert.False(fetch.IsCompleted);
        await AppendAsync(first, records: 1);

        var answer = await fetch.WaitAsync(TestTime.Limit);
        Assert.Equal(2 * batchBytes, answer.Partitions[0].Batches.Length);
        Assert.Equal(batchBytes, answer.Partitions[1].Batches.Length);
    }

    [Fact]
    public async Task The_end_of_the_time_ends_the_wait_with_what_is_there()
    {
        var (partition, _) = _silo.Open();
        var batchBytes = await AppendAsync(partition, records: 1);
        var fetch = FetchAsync(Request(batchBytes + 1, partition));

        _silo.Time.Advance(s_wait - TimeSpan.FromMilliseconds(1));
        Assert.False(fetch.IsCompleted);
        _silo.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(batchBytes, (await fetch.WaitAsync(TestTime.Limit)).Partitions[0].Batches.Length);
    }

    [Fact]
    public async Task No_wait_is_longer_than_the_limit()
    {
        var (partition, _) = _silo.Open();
        var fetch = FetchAsync(Request(1, partition) with { MaxWait = TimeSpan.FromDays(1) });

        _silo.Time.Advance(ProtocolLimits.MaxFetchWait);

        Assert.Equal(0, (await fetch.WaitAsync(TestTime.Limit)).Partitions[0].Batches.Length);
    }

    [Fact]
    public async Task The_closing_of_a_partition_ends_the_wait_and_sends_the_caller_elsewhere()
    {
        var (staying, _) = _silo.Open(0);
        var (closing, _) = _silo.Open(1);
        var fetch = FetchAsync(Request(1, staying, closing));

        _silo.Table.Remove(closing);

        var answer = await fetch.WaitAsync(TestTime.Limit);
        Assert.Equal([ErrorCode.None, ErrorCode.NotLeaderOrFollower], answer.Partitions.Select(partition => partition.Error));
    }

    [Fact]
    public async Task The_callers_cancellation_ends_the_wait()
    {
        var (partition, _) = _silo.Open();
        using var gone = new CancellationTokenSource();
        var fetch = _silo.Fetcher.FetchAsync(Request(1, partition), gone.Token);

        await gone.CancelAsync();

        Assert.Equal(ErrorCode.None, (await fetch.WaitAsync(TestTime.Limit)).Partitions[0].Error);
    }

    [Fact]
    public async Task An_error_is_answered_at_once_beside_what_the_others_hold()
    {
        var (partition, _) = _silo.Open();
        var batchBytes = await AppendAsync(partition, records: 1);
        var elsewhere = new FetchPartition(new PartitionId(Guid.Empty, 7), Offset.Zero, 1000);

        var fetch = FetchAsync(new FetchRequest([elsewhere, Wanted(partition)], 1_000_000, 1_000_000, s_wait));

        Assert.True(fetch.IsCompleted);
        var answer = await fetch;
        Assert.Equal(ErrorCode.NotLeaderOrFollower, answer.Partitions[0].Error);
        Assert.Equal(batchBytes, answer.Partitions[1].Batches.Length);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    [InlineData(long.MaxValue)]
    public async Task An_offset_that_the_log_does_not_hold_is_refused_with_the_ones_it_holds(long offset)
    {
        var (partition, _) = _silo.Open();
        await AppendAsync(partition, records: 3);

        var answer = (await FetchAsync(new FetchRequest([Wanted(partition) with { Offset = new Offset(offset) }], 1, 1000, s_wait))).Partitions[0];

        Assert.Equal(ErrorCode.OffsetOutOfRange, answer.Error);
        Assert.Equal((Offset.Zero, new Offset(3)), (answer.LogStartOffset, answer.HighWatermark));
        Assert.Contains("0 up to 3", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_batch_is_given_whole_and_the_limit_ends_the_answer()
    {
        var (first, _) = _silo.Open(0);
        var (second, _) = _silo.Open(1);
        var batchBytes = await AppendAsync(first, records: 1);
        await AppendAsync(second, records: 1);

        var answer = await FetchAsync(Request(1, first, second) with { MaxBytes = batchBytes - 1 });

        Assert.Equal([batchBytes, 0], answer.Partitions.Select(partition => partition.Batches.Length));
        Assert.Equal(ErrorCode.None, answer.Partitions[1].Error);
    }

    [Fact]
    public async Task Only_the_first_batch_of_an_answer_may_be_larger_than_its_partitions_limit()
    {
        var (empty, _) = _silo.Open(0);
        var (first, _) = _silo.Open(1);
        var (second, _) = _silo.Open(2);
        var (small, _) = _silo.Open(3);
        var batchBytes = await AppendAsync(first, records: 10);
        await AppendAsync(second, records: 10);
        var smallBytes = await AppendAsync(small, records: 1);
        FetchPartition[] wanted = [.. new[] { empty, first, second, small }.Select(partition => Wanted(partition) with { MaxBytes = batchBytes - 1 })];

        var answer = await FetchAsync(new FetchRequest(wanted, 1, 10 * batchBytes, s_wait));
        var rotated = await FetchAsync(new FetchRequest([wanted[2], wanted[0], wanted[1]], 1, 10 * batchBytes, s_wait));

        Assert.Equal([0, batchBytes, 0, smallBytes], answer.Partitions.Select(partition => partition.Batches.Length));
        Assert.Equal([batchBytes, 0, 0], rotated.Partitions.Select(partition => partition.Batches.Length));
        Assert.All(answer.Partitions, partition => Assert.Equal(ErrorCode.None, partition.Error));
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_fails_only_its_own_partition()
    {
        var (broken, log) = _silo.Open(0);
        var (sound, _) = _silo.Open(1);
        await AppendAsync(broken, records: 1);
        var batchBytes = await AppendAsync(sound, records: 1);
        log.Fail(ErrorCode.StorageError);

        var answer = await FetchAsync(Request(1, broken, sound));

        Assert.Equal([ErrorCode.StorageError, ErrorCode.None], answer.Partitions.Select(partition => partition.Error));
        Assert.Equal(batchBytes, answer.Partitions[1].Batches.Length);
    }

    [Fact]
    public async Task A_request_that_contradicts_itself_is_refused()
    {
        var (partition, _) = _silo.Open();
        FetchRequest[] requests =
        [
            Request(1, partition) with { MaxBytes = 0 },
            Request(100, partition) with { MaxBytes = 10 },
            new FetchRequest([Wanted(partition) with { MaxBytes = -1 }], 1, 1000, s_wait),
            new FetchRequest(Enumerable.Repeat(Wanted(partition), Fetcher.MaxPartitions + 1).ToArray(), 1, 1000, s_wait),
        ];

        foreach (var request in requests)
        {
            Assert.All((await FetchAsync(request)).Partitions, answer => Assert.Equal(ErrorCode.InvalidRequest, answer.Error));
        }
    }

    [Fact]
    public async Task Answers_beyond_the_silos_budget_are_put_off()
    {
        using var silo = new OpenPartitions(new OrleansStreamServerOptions { MaxFetchBytesInHand = 1500 });
        var (first, firstLog) = silo.Open(0);
        var (second, _) = silo.Open(1);
        var batchBytes = await AppendAsync(first, records: 1);
        await AppendAsync(second, records: 1);
        var gate = new TaskCompletionSource();
        firstLog.ReadGate = gate.Task;
        var fromFirst = silo.Fetcher.FetchAsync(new FetchRequest([Wanted(first) with { MaxBytes = 1000 }], 1, 10_000, s_wait), CancellationToken.None);
        var fromSecond = new FetchRequest([Wanted(second) with { MaxBytes = 1000 }], 1, 10_000, s_wait);

        var refused = await silo.Fetcher.FetchAsync(fromSecond, CancellationToken.None);
        gate.SetResult();
        await fromFirst;
        var later = await silo.Fetcher.FetchAsync(fromSecond, CancellationToken.None);

        Assert.Equal((ErrorCode.Throttled, 0), (refused.Partitions[0].Error, refused.Partitions[0].Batches.Length));
        Assert.Equal((ErrorCode.None, batchBytes), (later.Partitions[0].Error, later.Partitions[0].Batches.Length));
    }

    [Fact]
    public async Task An_answer_that_holds_something_goes_out_when_the_budget_ends()
    {
        using var silo = new OpenPartitions(new OrleansStreamServerOptions { MaxFetchBytesInHand = 1500 });
        var (first, _) = silo.Open(0);
        var (second, _) = silo.Open(1);
        var batchBytes = await AppendAsync(first, records: 1);
        await AppendAsync(second, records: 1);

        var answer = await silo.Fetcher.FetchAsync(
            new FetchRequest([Wanted(first) with { MaxBytes = 1000 }, Wanted(second) with { MaxBytes = 1500 }], 1, 10_000, s_wait), CancellationToken.None);

        Assert.Equal([ErrorCode.None, ErrorCode.None], answer.Partitions.Select(partition => partition.Error));
        Assert.Equal([batchBytes, 0], answer.Partitions.Select(partition => partition.Batches.Length));
    }

    [Fact]
    public void A_partition_that_a_fetch_waits_for_is_not_idle()
    {
        var (partition, _) = _silo.Open();
        var fetch = FetchAsync(Request(1, partition));

        _silo.Time.Advance(s_wait / 2);
        Assert.Equal(TimeSpan.Zero, partition.IdleTime);
        _silo.Table.Remove(partition);
        Assert.True(SpinWait.SpinUntil(() => fetch.IsCompleted, TestTime.Limit));
        _silo.Time.Advance(s_wait);

        Assert.Equal(s_wait, partition.IdleTime);
    }

    private Task<FetchResponse> FetchAsync(FetchRequest request) => _silo.Fetcher.FetchAsync(request, CancellationToken.None);

    private static FetchRequest Request(int minBytes, params Partition[] partitions) =>
        new(Array.ConvertAll(partitions, Wanted), minBytes, 1_000_000, s_wait);

    private static FetchPartition Wanted(Partition partition) => new(partition.Id, Offset.Zero, 1_000_000);

    private static async Task<int> AppendAsync(Partition partition, int records)
    {
        using var batch = Batches.Of(records);
        Assert.Equal(ErrorCode.None, (await partition.AppendAsync(batch.Memory)).Error);
        return batch.Length;
    }
}
