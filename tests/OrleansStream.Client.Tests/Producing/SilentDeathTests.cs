using Microsoft.Extensions.Time.Testing;
using OrleansStream.Client.Producing;
using OrleansStream.Endpoint;

namespace OrleansStream.Client.Tests.Producing;

/// <summary>A silo that dies with a batch in hand, of which Orleans tells its clients nothing.</summary>
public sealed class SilentDeathTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeCluster _cluster = new();
    private readonly TaskCompletionSource<ProduceResponse> _never = new();

    public SilentDeathTests()
    {
        _cluster.CreateTopic("t");
    }

    [Fact]
    public async Task A_batch_goes_to_the_new_owner_as_soon_as_there_is_one()
    {
        var owner = 1;
        _cluster.LeaderOf = _ => Volatile.Read(ref owner);
        _cluster.OnProduce = call => call.Silo == 1 ? _never.Task : Task.FromResult(call.Apply());
        await using var producer = _cluster.CreateProducer(time: _time);
        var produced = producer.ProduceAsync("t", "k", "v").AsTask();
        await UntilAsync(() => _cluster.Calls.Count == 1);

        Volatile.Write(ref owner, 2);
        await AdvanceUntilAsync(() => produced.IsCompleted);

        Assert.Equal(0, (await produced).Offset.Value);
        Assert.Equal([1, 2], _cluster.Calls.Select(call => call.Silo));
        Assert.Equal(_cluster.Calls[0].Bytes, _cluster.Calls[1].Bytes);
    }

    [Fact]
    public async Task An_owner_that_is_only_slow_is_waited_for_and_not_sent_the_batch_again()
    {
        _cluster.OnProduce = _ => _never.Task;
        await using var producer = _cluster.CreateProducer(time: _time);
        var produced = producer.ProduceAsync("t", "k", "v").AsTask();
        await UntilAsync(() => _cluster.Calls.Count == 1);

        var lookups = _cluster.LeaderLookups;
        await AdvanceUntilAsync(() => _cluster.LeaderLookups >= lookups + 3);
        _never.SetResult(_cluster.Calls[0].Apply());

        Assert.Equal(0, (await produced.WaitAsync(TimeSpan.FromSeconds(30))).Offset.Value);
        Assert.Single(_cluster.Calls);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_or_an_answer_that_was_lost_is_noticed_within_seconds_and_the_batch_is_stored_once(bool isStored)
    {
        _cluster.IsAppending = _ => false;
        _cluster.OnProduce = call =>
        {
            if (_cluster.Calls.Count > 1)
            {
                return Task.FromResult(call.Apply());
            }

            if (isStored)
            {
                call.Apply();
            }

            return _never.Task;
        };
        await using var producer = _cluster.CreateProducer(time: _time);
        var start = _time.GetTimestamp();
        var produced = producer.ProduceAsync("t", "k", "v").AsTask();
        await AdvanceUntilAsync(() => produced.IsCompleted);

        Assert.Equal(0, (await produced).Offset.Value);
        Assert.Equal(2, _cluster.Calls.Count);
        Assert.Equal(_cluster.Calls[0].Bytes, _cluster.Calls[1].Bytes);
        Assert.Single(_cluster.Partition("t").Records);
        Assert.True(_time.GetElapsedTime(start) < TimeSpan.FromSeconds(5), $"{_time.GetElapsedTime(start)}");
    }

    [Fact]
    public async Task Without_sequences_nothing_is_sent_again_that_may_only_be_late()
    {
        _cluster.IsAppending = _ => false;
        _cluster.OnProduce = _ => _never.Task;
        await using var producer = _cluster.CreateProducer(new ProducerOptions<string, string> { EnableIdempotence = false }, _time);
        var produced = producer.ProduceAsync("t", "k", "v").AsTask();
        await UntilAsync(() => _cluster.Calls.Count == 1);

        var lookups = _cluster.LeaderLookups;
        await AdvanceUntilAsync(() => _cluster.LeaderLookups >= lookups + 5);
        _never.SetResult(_cluster.Calls[0].Apply());

        await produced.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Single(_cluster.Calls);
    }

    [Fact]
    public async Task A_batch_whose_time_runs_out_while_its_owner_is_looked_for_failed_because_nobody_answered()
    {
        _cluster.OnProduce = _ => _never.Task;
        _cluster.LeaderOf = _ =>
        {
            // The first look was before the batch was sent; this one takes longer than there is time left.
            _time.Advance(_cluster.Calls.Count == 1 ? TimeSpan.FromSeconds(30) : TimeSpan.Zero);
            return 1;
        };
        await using var producer = _cluster.CreateProducer(new ProducerOptions<string, string> { DeliveryTimeout = TimeSpan.FromSeconds(3) }, _time);
        var produced = producer.ProduceAsync("t", "k", "v").AsTask();
        await UntilAsync(() => _cluster.Calls.Count == 1);

        await AdvanceUntilAsync(() => produced.IsCompleted);

        var failure = await Assert.ThrowsAsync<OrleansStreamException>(() => produced);
        Assert.DoesNotContain("unexpectedly", failure.Message, StringComparison.Ordinal);
        Assert.Contains("did not answer in time", failure.Message, StringComparison.Ordinal);
    }

    private async Task AdvanceUntilAsync(Func<bool> condition)
    {
        await UntilAsync(() =>
        {
            // Small steps, so that the threads of the producer get there long before its delivery timeout.
            _time.Advance(TimeSpan.FromMilliseconds(20));
            return condition();
        });
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(1, patience.Token);
        }
    }
}
