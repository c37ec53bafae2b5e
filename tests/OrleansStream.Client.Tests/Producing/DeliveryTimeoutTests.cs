using Microsoft.Extensions.Time.Testing;
using OrleansStream.Client.Producing;
using OrleansStream.Endpoint;

namespace OrleansStream.Client.Tests.Producing;

/// <summary>What happens when the time is up, on a clock that the test moves.</summary>
public sealed class DeliveryTimeoutTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
    private readonly FakeCluster _cluster = new();

    [Fact]
    public async Task A_batch_whose_fate_is_unknown_is_given_up_and_refused_if_it_comes_late()
    {
        _cluster.CreateTopic("t");
        ProduceCall? stray = null;
        _cluster.OnProduce = call =>
        {
            if (call.Values is ["stray"])
            {
                stray = call;
                return new TaskCompletionSource<ProduceResponse>().Task;
            }

            return Task.FromResult(call.Apply());
        };
        await using var producer = _cluster.CreateProducer(new() { DeliveryTimeout = TimeSpan.FromSeconds(5) }, _time);
        await producer.ProduceAsync("t", null, "a").AsTask().WaitAsync(s_patience);

        var lost = producer.ProduceAsync("t", null, "stray").AsTask();
        await AdvanceUntilDoneAsync(lost);
        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => lost);
        await producer.ProduceAsync("t", null, "b").AsTask().WaitAsync(s_patience);
        var late = stray!.Apply();

        Assert.Equal(ErrorCode.RequestTimedOut, error.ErrorCode);
        Assert.Contains("may have been stored", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, late.Error);
        Assert.Equal(["a", "b"], _cluster.Partition("t").Values);
        Assert.Equal((1, 0), ((int)_cluster.Calls[^1].Header.ProducerEpoch, _cluster.Calls[^1].Header.BaseSequence));
    }

    [Fact]
    public async Task An_unreachable_partition_is_tried_until_the_delivery_timeout_and_no_longer()
    {
        _cluster.CreateTopic("t");
        _cluster.OnProduce = _ => throw new SiloUnavailableException("down");
        await using var producer = _cluster.CreateProducer(new() { DeliveryTimeout = TimeSpan.FromSeconds(3) }, _time);

        var lost = producer.ProduceAsync("t", null, "a").AsTask();
        await AdvanceUntilDoneAsync(lost);
        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => lost);

        Assert.Equal(ErrorCode.Unreachable, error.ErrorCode);
        Assert.Contains("t-0", error.Message, StringComparison.Ordinal);
        Assert.True(_cluster.Calls.Count > 3, $"{_cluster.Calls.Count} attempts");
        Assert.All(_cluster.Calls, call => Assert.Equal(_cluster.Calls[0].Bytes, call.Bytes));
    }

    [Fact]
    public async Task A_record_without_a_callback_that_is_lost_shows_in_the_next_flush_once()
    {
        _cluster.CreateTopic("t");
        _cluster.OnProduce = _ => Task.FromResult(ProduceCall.Answer(ErrorCode.InvalidRecord));
        await using var producer = _cluster.CreateProducer(time: _time);
        await producer.EnqueueAsync(new("t", null, "a"));
        await producer.EnqueueAsync(new("t", null, "b"));
        DeliveryResult? heard = null;
        await producer.EnqueueAsync(new("t", null, "c"), result => heard = result);

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => producer.FlushAsync().WaitAsync(s_patience));
        await producer.FlushAsync().WaitAsync(s_patience);

        Assert.Contains("2 enqueued records were not delivered", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.InvalidRecord, heard?.Error?.ErrorCode);
    }

    [Fact]
    public async Task A_flush_that_comes_while_a_callback_runs_waits_for_it()
    {
        _cluster.CreateTopic("t");
        await using var producer = _cluster.CreateProducer(time: _time);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var leave = new ManualResetEventSlim();
        await producer.EnqueueAsync(new("t", null, "a"), _ =>
        {
            entered.SetResult();
            leave.Wait(s_patience);
        });
        await entered.Task.WaitAsync(s_patience);

        var flush = producer.FlushAsync();

        Assert.False(flush.IsCompleted);
        leave.Set();
        await flush.WaitAsync(s_patience);
    }

    [Fact]
    public async Task A_lingering_batch_waits_for_its_time_or_a_flush()
    {
        _cluster.CreateTopic("t");
        await using var producer = _cluster.CreateProducer(new() { Linger = TimeSpan.FromSeconds(1) }, _time);

        var first = producer.ProduceAsync("t", null, "a").AsTask();
        var second = producer.ProduceAsync("t", null, "b").AsTask();
        Assert.Empty(_cluster.Calls);
        await AdvanceUntilDoneAsync(Task.WhenAll(first, second));
        Assert.Single(_cluster.Calls);

        var third = producer.ProduceAsync("t", null, "c").AsTask();
        await producer.FlushAsync().WaitAsync(s_patience);
        Assert.Equal(new Offset(2), (await third.WaitAsync(s_patience)).Offset);
    }

    [Fact]
    public async Task Records_carry_the_time_of_the_call_or_the_callers_own()
    {
        _cluster.CreateTopic("t");
        await using var producer = _cluster.CreateProducer(time: _time);
        var own = DateTimeOffset.FromUnixTimeMilliseconds(42);

        await producer.ProduceAsync("t", null, "now").AsTask().WaitAsync(s_patience);
        await producer.ProduceAsync(new("t", null, "own") { Timestamp = own }).AsTask().WaitAsync(s_patience);

        Assert.Equal([1_700_000_000_000, 42], _cluster.Partition("t").Records.Select(record => record.TimestampMs));
    }

    private async Task AdvanceUntilDoneAsync(Task task)
    {
        // Timers are armed by the producer's own threads, so time moves in small steps while they work.
        using var patience = new CancellationTokenSource(s_patience);
        while (!task.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.WhenAny(task, Task.Delay(1, patience.Token));
        }
    }
}
