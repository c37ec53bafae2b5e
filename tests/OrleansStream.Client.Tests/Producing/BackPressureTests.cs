using OrleansStream.Client.Producing;

namespace OrleansStream.Client.Tests.Producing;

/// <summary>The bounded buffer, flushing, disposing.</summary>
public sealed class BackPressureTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly ProducerOptions<string, string> s_small = new() { MaxBatchBytes = 1024, MaxBufferedBytes = 2048 };
    private static readonly string s_value = new('x', 400);

    private readonly FakeCluster _cluster = new();
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public BackPressureTests()
    {
        _cluster.CreateTopic("t");
        _cluster.OnProduce = async call =>
        {
            await _release.Task;
            return call.Apply();
        };
    }

    [Fact]
    public async Task A_full_buffer_makes_callers_wait_and_keeps_their_order()
    {
        await using var producer = _cluster.CreateProducer(s_small);
        await producer.EnqueueAsync(new("t", null, "warm up"));

        var calls = Enumerable.Range(0, 30).Select(i => producer.EnqueueAsync(new("t", "k", $"{i:00}{s_value}")).AsTask()).ToArray();
        Assert.Contains(calls, call => !call.IsCompleted);
        _release.SetResult();
        await Task.WhenAll(calls).WaitAsync(s_patience);
        await producer.FlushAsync().WaitAsync(s_patience);

        Assert.Equal([.. Enumerable.Range(0, 30).Select(i => $"{i:00}")], _cluster.Partition("t").Values.Skip(1).Select(v => v![..2]));
        Assert.Equal(1, _cluster.MostInFlight);
    }

    [Fact]
    public async Task Whoever_waits_for_room_can_give_up_and_leaves_no_trace()
    {
        await using var producer = _cluster.CreateProducer(s_small);
        using var giveUp = new CancellationTokenSource();
        var taken = Enumerable.Range(0, 4).Select(i => producer.EnqueueAsync(new("t", null, $"{i}{s_value}")).AsTask()).ToArray();
        await Task.WhenAll(taken).WaitAsync(s_patience);

        var impatient = producer.EnqueueAsync(new("t", null, "impatient" + s_value), cancellationToken: giveUp.Token).AsTask();
        var impatientToo = producer.ProduceAsync(new("t", null, "impatient" + s_value), giveUp.Token).AsTask();
        var patient = producer.ProduceAsync("t", null, "patient" + s_value).AsTask();
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient.WaitAsync(s_patience));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatientToo.WaitAsync(s_patience));
        _release.SetResult();
        await patient.WaitAsync(s_patience);
        Assert.DoesNotContain(_cluster.Partition("t").Values, value => value!.StartsWith("impatient", StringComparison.Ordinal));
        Assert.Equal(5, _cluster.Partition("t").Records.Count);
    }

    [Fact]
    public async Task A_record_that_was_taken_is_delivered_although_its_caller_gave_up()
    {
        await using var producer = _cluster.CreateProducer();
        using var giveUp = new CancellationTokenSource();

        var produced = producer.ProduceAsync("t", null, "a", giveUp.Token).AsTask();
        await producer.EnqueueAsync(new("t", null, "b"));
        await giveUp.CancelAsync();
        _release.SetResult();

        Assert.Equal(new Offset(0), (await produced.WaitAsync(s_patience)).Offset);
    }

    [Fact]
    public async Task A_cancelled_token_is_noticed_before_anything_happens()
    {
        _release.SetResult();
        await using var producer = _cluster.CreateProducer();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => producer.ProduceAsync("t", null, "a", new CancellationToken(canceled: true)).AsTask());
        await producer.FlushAsync();

        Assert.Empty(_cluster.Calls);
    }

    [Fact]
    public async Task Disposing_delivers_what_was_taken_and_refuses_what_comes_later()
    {
        var producer = _cluster.CreateProducer(s_small);
        var produced = Enumerable.Range(0, 10).Select(i => producer.ProduceAsync("t", null, $"{i}{s_value}").AsTask()).ToArray();

        var disposal = producer.DisposeAsync().AsTask();
        Assert.False(disposal.IsCompleted);
        _release.SetResult();
        await disposal.WaitAsync(s_patience);

        // All are delivered by now; those who await them go on on the pool, so they may still be on their way.
        await Task.WhenAll(produced).WaitAsync(s_patience);
        Assert.All(produced, task => Assert.True(task.IsCompletedSuccessfully));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => producer.EnqueueAsync(new("t", null, "late")).AsTask());
    }

    [Fact]
    public async Task Callbacks_come_in_order_with_their_state_and_one_that_throws_stops_nobody()
    {
        _release.SetResult();
        await using var producer = _cluster.CreateProducer(s_small);
        var heard = new List<(object? State, long Offset)>();

        for (var i = 0; i < 50; i++)
        {
            await producer.EnqueueAsync(
                new("t", "k", $"{i}"),
                result =>
                {
                    heard.Add((result.State, result.Offset.Value));
                    if (result.Offset.Value % 7 == 0)
                    {
                        throw new InvalidOperationException("A callback's own trouble.");
                    }
                },
                state: i);
        }

        await producer.FlushAsync().WaitAsync(s_patience);

        Assert.Equal(Enumerable.Range(0, 50).Select(i => ((object?)i, (long)i)), heard);
    }

    [Fact]
    public async Task Continuations_see_the_context_of_whoever_awaited()
    {
        await using var producer = _cluster.CreateProducer();
        await producer.EnqueueAsync(new("t", null, "warm up"));
        var local = new AsyncLocal<string>();

        async Task<string> AwaitWithAsync(string mark)
        {
            local.Value = mark;
            await producer.ProduceAsync("t", null, mark);
            return local.Value ?? "none";
        }

        var (first, second) = (AwaitWithAsync("first"), AwaitWithAsync("second"));
        _release.SetResult();

        Assert.Equal(["first", "second"], await Task.WhenAll(first, second).WaitAsync(s_patience));
    }
}
