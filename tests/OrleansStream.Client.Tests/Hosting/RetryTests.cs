using OrleansStream.Client.Consuming;
using OrleansStream.Client.Hosting;
using OrleansStream.Client.Serialization;
using OrleansStream.Client.Tests.Consuming;
using OrleansStream.Client.Tests.Consuming.Fakes;

namespace OrleansStream.Client.Tests.Hosting;

/// <summary>What becomes of records that a hosted consumer's handler does not manage, on a clock that the test drives.</summary>
public sealed class RetryTests
{
    private static readonly TimeSpan s_backoff = TimeSpan.FromSeconds(1);

    private readonly TimerTrap _time = new(shortest: s_backoff / 2, longest: s_backoff * 4);
    private readonly ScriptedCluster _cluster;

    public RetryTests()
    {
        _cluster = new ScriptedCluster(2, _time);
        _cluster.TheGroup.Assign(_cluster.Assigned(0), _cluster.Assigned(1));
    }

    [Fact]
    public async Task A_failed_record_comes_again_after_longer_and_longer_pauses_in_which_only_its_partition_waits()
    {
        _cluster.Log(0).AppendNumbers(4, perBatch: 4);
        await using var run = Run();
        run.Handler = FailingAt("1", times: 2);
        await run.StartAsync();

        Assert.Equal(["orders-0: 0", "orders-0: 1"], await run.NextCallsAsync(2));
        await PauseAsync(run, s_backoff);
        Assert.Equal("orders-0: 1", await run.NextCallAsync());
        await PauseAsync(run, s_backoff * 2);
        Assert.Equal(["orders-0: 1", "orders-0: 2", "orders-0: 3"], await run.NextCallsAsync(3));

        await run.StopAsync();
        Assert.Equal(new Offset(4), run.Committed(0));
    }

    [Fact]
    public async Task What_failed_is_not_committed_while_it_waits_and_what_came_before_is()
    {
        _cluster.Log(0).AppendNumbers(3, perBatch: 3);
        await using var run = Run();
        run.Handler = FailingAt("1", times: 1);
        await run.StartAsync();
        await run.NextCallsAsync(2);

        await run.StopAsync();

        Assert.Equal(new Offset(1), run.Committed(0));
        Assert.False(run.TryGetCall(out _));
    }

    [Fact]
    public async Task After_the_last_attempt_all_instances_stop_for_good_and_leave_the_group()
    {
        _cluster.Log(0).AppendNumbers(3, perBatch: 3);
        await using var run = Run(o => o with { MaxAttempts = 1, StopsApplication = true });
        run.Handler = FailingAt("1", times: int.MaxValue);
        await run.StartAsync();

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => run.Consumer.ExecuteTask!.WaitAsync(Consumption.Patience));

        Assert.IsType<TestException>(failure.InnerException);
        Assert.Equal(new Offset(1), run.Committed(0));
        Assert.Equal("leave", _cluster.TheGroup.Trace[^1]);
        Assert.Equal(["orders-0: 0", "orders-0: 1"], await run.NextCallsAsync(2));
        Assert.False(run.TryGetCall(out _));
    }

    [Fact]
    public async Task An_application_that_is_to_go_on_is_not_told_of_the_end()
    {
        _cluster.Log(0).Append("0");
        await using var run = Run(o => o with { MaxAttempts = 1 });
        run.Handler = FailingAt("0", times: 1);
        await run.StartAsync();

        await run.Consumer.ExecuteTask!.WaitAsync(Consumption.Patience);

        Assert.Equal("leave", _cluster.TheGroup.Trace[^1]);
    }

    [Fact]
    public async Task Records_that_may_be_skipped_are_passed_over_and_committed()
    {
        _cluster.Log(0).AppendNumbers(3, perBatch: 3);
        await using var run = Run(o => o with { MaxAttempts = 2, AfterLastAttempt = AfterLastAttempt.SkipRecords });
        run.Handler = FailingAt("1", times: int.MaxValue);
        await run.StartAsync();

        await run.NextCallsAsync(2);
        await PauseAsync(run, s_backoff);
        Assert.Equal(["orders-0: 1", "orders-0: 2"], await run.NextCallsAsync(2));

        await run.StopAsync();
        Assert.Equal(new Offset(3), run.Committed(0));
    }

    [Fact]
    public async Task A_callback_sees_the_failure_and_decides()
    {
        _cluster.Log(0).AppendNumbers(3, perBatch: 3);
        var failures = new List<HandlerFailure<string, string>>();
        await using var run = Run(o => o with
        {
            MaxAttempts = 1,
            OnLastAttemptFailed = (failure, _) =>
            {
                failures.Add(failure);
                return new(failure.Records[0].Value == "1" ? AfterLastAttempt.SkipRecords : AfterLastAttempt.StopConsumer);
            },
        });
        run.Handler = (batch, _) => batch[0].Value == "0" ? Task.CompletedTask : throw new TestException();
        await run.StartAsync();

        await run.Consumer.ExecuteTask!.WaitAsync(Consumption.Patience);

        Assert.Equal(["1", "2"], failures.Select(failure => failure.Records[0].Value));
        Assert.All(failures, failure => Assert.Equal(1, failure.Attempts));
        Assert.Equal(new Offset(2), run.Committed(0));
    }

    [Fact]
    public async Task A_callback_that_throws_stops_the_consumer()
    {
        _cluster.Log(0).Append("0", "1");
        await using var run = Run(o => o with { MaxAttempts = 1, OnLastAttemptFailed = (_, _) => throw new TestException() });
        run.Handler = FailingAt("1", times: 1);
        await run.StartAsync();

        await run.Consumer.ExecuteTask!.WaitAsync(Consumption.Patience);

        Assert.Equal(new Offset(1), run.Committed(0));
    }

    [Theory]
    [InlineData(AfterLastAttempt.SkipRecords, 3)]
    [InlineData(AfterLastAttempt.StopConsumer, 1)]
    public async Task A_record_that_cannot_be_deserialized_has_failed_for_good(AfterLastAttempt then, int committed)
    {
        _cluster.Log(0).AppendNumbers(3, perBatch: 3);
        await using var run = Run(o => o with { AfterLastAttempt = then, ValueSerializer = new AllBut("1") });
        await run.StartAsync();

        Assert.Equal("orders-0: 0", await run.NextCallAsync());
        if (then == AfterLastAttempt.SkipRecords)
        {
            Assert.Equal("orders-0: 2", await run.NextCallAsync());
            await run.StopAsync();
        }
        else
        {
            await run.Consumer.ExecuteTask!.WaitAsync(Consumption.Patience);
            Assert.False(run.TryGetCall(out _));
        }

        Assert.Equal(new Offset(committed), run.Committed(0));
    }

    [Fact]
    public async Task A_failed_batch_comes_again_from_its_first_record()
    {
        _cluster.Log(0).AppendNumbers(5, perBatch: 5);
        await using var run = Run(o => o with { MaxBatchRecords = 3 });
        run.Handler = FailingAt("1", times: 1);
        await run.StartAsync();

        Assert.Equal("orders-0: 0 1 2", await run.NextCallAsync());
        await PauseAsync(run, s_backoff);

        Assert.Equal(["orders-0: 0 1 2", "orders-0: 3 4"], await run.NextCallsAsync(2));
    }

    [Fact]
    public async Task A_batch_before_a_record_that_cannot_be_deserialized_may_fail_and_come_again()
    {
        _cluster.Log(0).AppendNumbers(4, perBatch: 4);
        await using var run = Run(o => o with { MaxBatchRecords = 3, ValueSerializer = new AllBut("2"), AfterLastAttempt = AfterLastAttempt.SkipRecords });
        run.Handler = FailingAt("1", times: 1);
        await run.StartAsync();

        Assert.Equal("orders-0: 0 1", await run.NextCallAsync());
        await PauseAsync(run, s_backoff);

        Assert.Equal(["orders-0: 0 1", "orders-0: 3"], await run.NextCallsAsync(2));
        await run.StopAsync();
        Assert.Equal(new Offset(4), run.Committed(0));
    }

    private HostedRun Run(Func<HostedConsumerOptions<string, string>, HostedConsumerOptions<string, string>>? change = null) =>
        new(_cluster, options => (change ?? (o => o))(options with { RetryBackoff = s_backoff }));

    /// <summary>
    /// Waits for the pause to begin, lets it pass but for a moment, sees that the other partition goes on and this one does not, and
    /// lets the rest pass.
    /// </summary>
    private async Task PauseAsync(HostedRun run, TimeSpan backoff)
    {
        var pause = await _time.NextWaitAsync();
        Assert.InRange(pause, backoff / 2, backoff);
        _time.Advance(pause - TimeSpan.FromMilliseconds(1));
        _cluster.Log(1).Append("meanwhile");
        Assert.Equal("orders-1: meanwhile", await run.NextCallAsync());
        Assert.False(run.TryGetCall(out var call), call);
        _time.Advance(TimeSpan.FromMilliseconds(1));
    }

    private static Func<ConsumedBatch<string, string>, CancellationToken, Task> FailingAt(string value, int times) =>
        (batch, _) => batch.Any(record => record.Value == value) && times-- > 0 ? throw new TestException() : Task.CompletedTask;

    private sealed class TestException : Exception;

    private sealed class AllBut(string value) : ISerializer<string>
    {
        public void Serialize(string data, System.Buffers.IBufferWriter<byte> writer) => Serializers.Utf8.Serialize(data, writer);

        public string Deserialize(ReadOnlySpan<byte> data) =>
            Serializers.Utf8.Deserialize(data) is var text && text != value ? text : throw new FormatException("Not this one.");
    }
}
