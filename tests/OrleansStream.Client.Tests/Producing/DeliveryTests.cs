using Microsoft.Extensions.Time.Testing;

namespace OrleansStream.Client.Tests.Producing;

/// <summary>What the producer sends, when, and what it does with the answers.</summary>
public sealed class DeliveryTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly FakeCluster _cluster = new();

    [Fact]
    public async Task Records_that_come_while_a_batch_is_in_flight_share_the_next_one()
    {
        _cluster.CreateTopic("t");
        var (arrived, release) = HoldFirst();
        await using var producer = _cluster.CreateProducer();

        var first = producer.ProduceAsync("t", null, "0").AsTask();
        await arrived.WaitAsync(s_patience);
        var rest = Enumerable.Range(1, 50).Select(i => producer.ProduceAsync("t", null, $"{i}").AsTask()).ToArray();
        release.SetResult();
        var results = await Task.WhenAll([first, .. rest]).WaitAsync(s_patience);

        Assert.Equal(2, _cluster.Calls.Count);
        Assert.Equal(1, _cluster.MostInFlight);
        Assert.Equal(Enumerable.Range(0, 51).Select(i => (long)i), results.Select(r => r.Offset.Value));
        Assert.Equal(Enumerable.Range(0, 51).Select(i => $"{i}"), _cluster.Partition("t").Values);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_batch_without_an_answer_is_sent_again_byte_for_byte_and_stored_once(bool firstWasStored)
    {
        _cluster.CreateTopic("t");
        var attempts = 0;
        _cluster.OnProduce = call =>
        {
            if (Interlocked.Increment(ref attempts) > 1)
            {
                return Task.FromResult(call.Apply());
            }

            if (firstWasStored)
            {
                call.Apply();
            }

            throw new TimeoutException();
        };
        await using var producer = _cluster.CreateProducer();

        var metadata = await producer.ProduceAsync("t", "k", "v").AsTask().WaitAsync(s_patience);
        var next = await producer.ProduceAsync("t", "k", "w").AsTask().WaitAsync(s_patience);

        Assert.Equal(_cluster.Calls[0].Bytes, _cluster.Calls[1].Bytes);
        Assert.Equal((0, 1), (metadata.Offset.Value, next.Offset.Value));
        Assert.Equal(["v", "w"], _cluster.Partition("t").Values);
    }

    [Fact]
    public async Task A_redirection_is_followed_without_asking_the_grain_again()
    {
        _cluster.CreateTopic("t");
        _cluster.OnProduce = call => Task.FromResult(
            call.Silo == 2 ? call.Apply() : ProduceCall.Answer(ErrorCode.NotLeaderOrFollower, FakeCluster.Leader(2)));
        await using var producer = _cluster.CreateProducer();

        await producer.ProduceAsync("t", null, "a").AsTask().WaitAsync(s_patience);
        await producer.ProduceAsync("t", null, "b").AsTask().WaitAsync(s_patience);

        Assert.Equal([1, 2, 2], _cluster.Calls.Select(call => call.Silo));
        Assert.Equal(1, _cluster.LeaderLookups);
    }

    [Fact]
    public async Task A_leader_that_no_longer_leads_and_knows_no_other_makes_the_producer_ask_the_grain()
    {
        _cluster.CreateTopic("t");
        _cluster.LeaderOf = _ => _cluster.LeaderLookups;
        _cluster.OnProduce = call => Task.FromResult(call.Silo == 2 ? call.Apply() : ProduceCall.Answer(ErrorCode.NotLeaderOrFollower));
        await using var producer = _cluster.CreateProducer();

        await producer.ProduceAsync("t", null, "a").AsTask().WaitAsync(s_patience);

        Assert.Equal([1, 2], _cluster.Calls.Select(call => call.Silo));
        Assert.Equal(2, _cluster.LeaderLookups);
    }

    [Fact]
    public async Task A_partition_that_moved_is_followed_without_a_pause()
    {
        // The clock stands still, so a pause would never end.
        _cluster.CreateTopic("t");
        _cluster.LeaderOf = _ => _cluster.LeaderLookups;
        _cluster.OnProduce = call => Task.FromResult(call.Silo == 2 ? call.Apply() : ProduceCall.Answer(ErrorCode.NotLeaderOrFollower));
        await using var producer = _cluster.CreateProducer(time: new FakeTimeProvider());

        var metadata = await producer.ProduceAsync("t", null, "a").AsTask().WaitAsync(s_patience);

        Assert.Equal(Offset.Zero, metadata.Offset);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_batch_whose_fate_nobody_can_explain_is_sent_again_and_stored_once(bool firstWasStored)
    {
        _cluster.CreateTopic("t");
        var attempts = 0;
        _cluster.OnProduce = call =>
        {
            var attempt = Interlocked.Increment(ref attempts);
            if (attempt > 2)
            {
                return Task.FromResult(call.Apply());
            }

            if (firstWasStored)
            {
                call.Apply();
            }

            return attempt == 1 ? Task.FromResult(ProduceCall.Answer(ErrorCode.Unknown)) : throw new InvalidOperationException("a bug over there");
        };
        await using var producer = _cluster.CreateProducer();

        var metadata = await producer.ProduceAsync("t", null, "a").AsTask().WaitAsync(s_patience);

        Assert.Equal(Offset.Zero, metadata.Offset);
        Assert.Equal(["a"], _cluster.Partition("t").Values);
        Assert.Equal(3, _cluster.Calls.Count);
    }

    [Fact]
    public async Task Without_idempotence_a_batch_whose_fate_nobody_can_explain_fails()
    {
        _cluster.CreateTopic("t");
        _cluster.OnProduce = _ => Task.FromResult(ProduceCall.Answer(ErrorCode.Unknown));
        await using var producer = _cluster.CreateProducer(new() { EnableIdempotence = false });

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => producer.ProduceAsync("t", null, "a").AsTask().WaitAsync(s_patience));

        Assert.Equal(ErrorCode.Unknown, error.ErrorCode);
        Assert.Single(_cluster.Calls);
    }

    [Fact]
    public async Task A_silo_that_cannot_be_addressed_twice_in_a_row_is_reached_through_the_grain()
    {
        _cluster.CreateTopic("t");
        _cluster.OnProduce = call => call.Silo is null ? Task.FromResult(call.Apply()) : throw new SiloUnavailableException("no way");
        await using var producer = _cluster.CreateProducer();

        await producer.ProduceAsync("t", null, "a").AsTask().WaitAsync(s_patience);
        await producer.ProduceAsync("t", null, "b").AsTask().WaitAsync(s_patience);

        Assert.Equal([1, 1, null, null], _cluster.Calls.Select(call => call.Silo));
    }

    [Fact]
    public async Task A_batch_that_the_topic_finds_too_large_is_split()
    {
        var topic = _cluster.CreateTopic("t");
        var (arrived, release) = HoldFirst();
        await using var producer = _cluster.CreateProducer();
        var first = producer.ProduceAsync("t", null, "first").AsTask();
        await arrived.WaitAsync(s_patience);

        // The limit is lowered while a batch gathers that was begun under the old one.
        var value = new string('x', 500);
        var rest = Enumerable.Range(0, 20).Select(i => producer.ProduceAsync("t", null, $"{i:00}{value}").AsTask()).ToArray();
        _cluster.Replace(topic with { Configuration = new Dictionary<string, string> { ["max.message.bytes"] = "2048" } });
        _cluster.Partition("t").MaxBatchBytes = 2048;
        release.SetResult();
        var results = await Task.WhenAll([first, .. rest]).WaitAsync(s_patience);
        await producer.ProduceAsync("t", null, "last").AsTask().WaitAsync(s_patience);

        Assert.Equal(Enumerable.Range(0, 21).Select(i => (long)i), results.Select(r => r.Offset.Value));
        Assert.Equal([.. Enumerable.Range(0, 20).Select(i => $"{i:00}")], _cluster.Partition("t").Values.Skip(1).Take(20).Select(v => v![..2]));
        Assert.Equal("last", _cluster.Partition("t").Values[^1]);
        Assert.Equal(1, _cluster.Calls.Count(call => call.Bytes.Length > 2048));
        Assert.All(_cluster.Calls, call => Assert.Equal(0, call.Header.ProducerEpoch));
    }

    [Fact]
    public async Task A_refused_batch_fails_alone_and_its_sequence_numbers_are_used_again()
    {
        _cluster.CreateTopic("t");
        _cluster.OnProduce = call =>
            Task.FromResult(call.Values.Contains("bad") ? ProduceCall.Answer(ErrorCode.InvalidTimestamp) : call.Apply());
        await using var producer = _cluster.CreateProducer();

        await producer.ProduceAsync("t", null, "a").AsTask().WaitAsync(s_patience);
        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => producer.ProduceAsync("t", null, "bad").AsTask().WaitAsync(s_patience));
        await producer.ProduceAsync("t", null, "b").AsTask().WaitAsync(s_patience);

        Assert.Equal(ErrorCode.InvalidTimestamp, error.ErrorCode);
        Assert.Equal([(0, 0), (0, 1), (0, 1)], _cluster.Calls.Select(call => ((int)call.Header.ProducerEpoch, call.Header.BaseSequence)));
        Assert.Equal(["a", "b"], _cluster.Partition("t").Values);
    }

    [Fact]
    public async Task Records_that_the_partition_lost_make_the_next_batch_begin_a_new_epoch()
    {
        _cluster.CreateTopic("t");
        await using var producer = _cluster.CreateProducer();
        await producer.ProduceAsync("t", null, "a").AsTask().WaitAsync(s_patience);
        await producer.ProduceAsync("t", null, "lost").AsTask().WaitAsync(s_patience);
        _cluster.Partition("t").LoseLastBatch();

        await producer.ProduceAsync("t", null, "b").AsTask().WaitAsync(s_patience);
        await producer.ProduceAsync("t", null, "c").AsTask().WaitAsync(s_patience);

        Assert.Equal(["a", "b", "c"], _cluster.Partition("t").Values);
        Assert.Equal((1, 1), (_cluster.Calls[^1].Header.ProducerEpoch, _cluster.Calls[^1].Header.BaseSequence));
    }

    [Fact]
    public async Task Without_idempotence_batches_carry_no_producer()
    {
        _cluster.CreateTopic("t");
        await using var producer = _cluster.CreateProducer(new() { EnableIdempotence = false });

        await producer.ProduceAsync("t", null, "a").AsTask().WaitAsync(s_patience);

        Assert.Equal((-1L, -1, -1), (_cluster.Calls[0].Header.ProducerId, (int)_cluster.Calls[0].Header.ProducerEpoch, _cluster.Calls[0].Header.BaseSequence));
    }

    [Fact]
    public async Task A_topic_that_was_deleted_and_created_again_gets_what_was_meant_for_the_old_one()
    {
        var old = _cluster.CreateTopic("t");
        await using var producer = _cluster.CreateProducer();
        await producer.ProduceAsync("t", null, "before").AsTask().WaitAsync(s_patience);
        var created = _cluster.CreateTopic("t");

        var metadata = await producer.ProduceAsync("t", null, "after").AsTask().WaitAsync(s_patience);

        Assert.Equal(new Offset(0), metadata.Offset);
        Assert.Equal(["after"], _cluster.Partition(created).Values);
        Assert.Equal(["before"], _cluster.Partition(old).Values);
    }

    [Fact]
    public async Task A_topic_that_was_deleted_fails_its_records_and_can_come_back()
    {
        _cluster.CreateTopic("t");
        await using var producer = _cluster.CreateProducer();
        await producer.ProduceAsync("t", null, "before").AsTask().WaitAsync(s_patience);
        _cluster.DeleteTopic("t");

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => producer.ProduceAsync("t", null, "gone").AsTask().WaitAsync(s_patience));
        _cluster.CreateTopic("t");
        await producer.ProduceAsync("t", null, "back").AsTask().WaitAsync(s_patience);

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.ErrorCode);
        Assert.Contains("ostream topic create t", error.Message, StringComparison.Ordinal);
        Assert.Equal(["back"], _cluster.Partition("t").Values);
    }

    /// <summary>Keeps the first request until it is released.</summary>
    private (Task Arrived, TaskCompletionSource Release) HoldFirst()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _cluster.OnProduce = async call =>
        {
            if (arrived.TrySetResult())
            {
                await release.Task;
            }

            return call.Apply();
        };
        return (arrived.Task, release);
    }
}
