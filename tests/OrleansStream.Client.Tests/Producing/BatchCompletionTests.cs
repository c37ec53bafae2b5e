#pragma warning disable CA2012, VSTHRD002 // What value tasks do when they are misused is what these tests are about.
using OrleansStream.Client.Producing;
using OrleansStream.Client.Producing.Batching;

namespace OrleansStream.Client.Tests.Producing;

public sealed class BatchCompletionTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly TopicPartition s_partition = new("t", 0);

    private readonly BatchCompletion _completion = new();

    [Fact]
    public void A_delivery_cannot_be_awaited_twice_nor_asked_before_its_time()
    {
        _completion.Add(0, DeliveryRequest.Awaited, out var delivery);
        delivery.GetAwaiter().OnCompleted(() => { });

        Assert.Throws<InvalidOperationException>(() => delivery.GetAwaiter().OnCompleted(() => { }));
        Assert.Throws<InvalidOperationException>(() => delivery.GetAwaiter().GetResult());
    }

    [Fact]
    public async Task A_delivery_that_is_done_gives_its_answer_as_often_as_asked()
    {
        _completion.Add(3, DeliveryRequest.Awaited, out var delivery);

        _completion.Complete(new BatchOutcome(s_partition, new PartOutcome(0, 10, new Offset(100))));

        Assert.Equal(new RecordMetadata(s_partition, new Offset(103)), await delivery);
        Assert.Equal(new RecordMetadata(s_partition, new Offset(103)), await delivery);
        await _completion.Done.WaitAsync(s_patience);
    }

    [Fact]
    public async Task Everybody_hears_of_the_part_that_holds_his_record()
    {
        var deliveries = new ValueTask<RecordMetadata>[6];
        for (var i = 0; i < deliveries.Length; i++)
        {
            _completion.Add(i, DeliveryRequest.Awaited, out deliveries[i]);
        }

        _completion.Complete(new BatchOutcome(
            s_partition,
            new PartOutcome(0, 2, new Offset(10)),
            new PartOutcome(2, 1, Offset.None, ErrorCode.MessageTooLarge, "Too large."),
            new PartOutcome(3, 3, new Offset(12))));

        Assert.Equal(11, (await deliveries[1]).Offset.Value);
        Assert.Equal(14, (await deliveries[5]).Offset.Value);
        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => deliveries[2].AsTask());
        Assert.Equal(ErrorCode.MessageTooLarge, error.ErrorCode);
    }

    [Fact]
    public async Task Continuations_run_neither_on_the_thread_that_completes_nor_one_after_the_other()
    {
        var here = Environment.CurrentManagedThreadId;
        _completion.Add(0, DeliveryRequest.Awaited, out var first);
        _completion.Add(1, DeliveryRequest.Awaited, out var second);
        var secondRan = new TaskCompletionSource();
        var firstSaw = new TaskCompletionSource<int>();
        first.GetAwaiter().OnCompleted(() =>
        {
            // Waits for its neighbour: it would wait for ever if both ran on one thread in turn.
            secondRan.Task.Wait(s_patience);
            firstSaw.SetResult(Environment.CurrentManagedThreadId);
        });
        second.GetAwaiter().OnCompleted(secondRan.SetResult);

        _completion.Complete(new BatchOutcome(s_partition, new PartOutcome(0, 2, Offset.Zero)));

        Assert.NotEqual(here, await firstSaw.Task.WaitAsync(s_patience));
        Assert.True(secondRan.Task.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_continuation_goes_on_where_it_was_awaited()
    {
        var context = new RecordingContext();
        _completion.Add(0, DeliveryRequest.Awaited, out var delivery);
        var local = new AsyncLocal<string> { Value = "mine" };
        var seen = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(context);
        delivery.GetAwaiter().OnCompleted(() => seen.SetResult(local.Value));
        SynchronizationContext.SetSynchronizationContext(before);
        local.Value = "changed";

        _completion.Complete(new BatchOutcome(s_partition, new PartOutcome(0, 1, Offset.Zero)));

        Assert.Equal("mine", await seen.Task.WaitAsync(s_patience));
        Assert.Equal(1, context.Posts);
    }

    [Fact]
    public async Task All_the_tokens_of_a_batch_can_be_used()
    {
        var deliveries = new List<ValueTask<RecordMetadata>>();
        for (var i = 0; _completion.CanAwaitMore; i++)
        {
            _completion.Add(i, DeliveryRequest.Awaited, out var delivery);
            deliveries.Add(delivery);
        }

        var tasks = deliveries.Select(delivery => delivery.AsTask()).ToArray();
        _completion.Complete(new BatchOutcome(s_partition, new PartOutcome(0, tasks.Length, Offset.Zero)));
        var results = await Task.WhenAll(tasks).WaitAsync(s_patience);

        Assert.Equal(65_536, results.Length);
        Assert.Equal(Enumerable.Range(0, results.Length).Select(i => (long)i), results.Select(result => result.Offset.Value));
    }

    private sealed class RecordingContext : SynchronizationContext
    {
        private int _posts;

        public int Posts => _posts;

        public override void Post(SendOrPostCallback callback, object? state)
        {
            Interlocked.Increment(ref _posts);
            ThreadPool.QueueUserWorkItem(_ => callback(state));
        }
    }
}
