using OrleansStream.Client.Consuming;
using OrleansStream.Client.Tests.Consuming.Fakes;
using OrleansStream.Groups;

namespace OrleansStream.Client.Tests.Consuming;

/// <summary>The handshake with the group, step by step, against a group that the test plays.</summary>
public class MembershipTests
{
    private static readonly TopicPartition s_first = ScriptedCluster.Name(0);
    private static readonly TopicPartition s_second = ScriptedCluster.Name(1);

    private readonly ScriptedCluster _cluster = new(2);

    public MembershipTests()
    {
        _cluster.Log(0).AppendNumbers(10, perBatch: 10);
        Group.Assign(_cluster.Assigned(0), _cluster.Assigned(1));
    }

    private FakeGroup Group => _cluster.TheGroup;

    [Fact]
    public async Task A_revoked_partition_is_kept_until_its_record_in_hand_is_done_then_committed_then_let_go()
    {
        await using var consumer = _cluster.Member(Noting);
        await using var loop = consumer.GetAsyncEnumerator();
        Assert.True(await loop.MoveNextAsync());
        Assert.True(await loop.MoveNextAsync());

        Group.Assign(_cluster.Assigned(1));
        await Group.WhenOwnedAsync(s_first, s_second);
        await Group.WhenOwnedAsync(s_first, s_second);
        Assert.DoesNotContain(Group.Trace, step => step.StartsWith("revoked", StringComparison.Ordinal));
        var letGo = Group.WhenOwnedAsync(s_second);
        var moving = loop.MoveNextAsync();
        await letGo;

        Assert.False(moving.IsCompleted);
        Assert.Equal(
            ["join", "assigned orders-0 orders-1", "owns orders-0 orders-1", "revoked orders-0", "commit orders-0@2", "owns orders-1"],
            Group.Trace.Where(step => step != "owns"));
        _cluster.Log(1).Append("goes on");
        Assert.True(await moving);
        Assert.Equal("goes on", loop.Current.Value);
    }

    [Fact]
    public async Task A_revoked_partition_that_is_not_in_hand_is_let_go_at_once()
    {
        await using var consumer = _cluster.Member();
        await using var loop = consumer.GetAsyncEnumerator();
        Assert.True(await loop.MoveNextAsync());
        Assert.Equal(s_first, loop.Current.TopicPartition);

        var letGo = Group.WhenOwnedAsync(s_first);
        Group.Assign(_cluster.Assigned(0));
        await letGo;

        Assert.Equal([s_first], consumer.Assignment);
    }

    [Fact]
    public async Task Whoever_works_longer_than_the_rebalance_timeout_gives_up_without_committing_the_record_in_hand()
    {
        await using var consumer = _cluster.Member(o => Noting(o) with { RebalanceTimeout = TimeSpan.FromSeconds(1) });
        await using var loop = consumer.GetAsyncEnumerator();
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await loop.MoveNextAsync());
        }

        var letGo = Group.WhenOwnedAsync(s_second);
        Group.Assign(_cluster.Assigned(1));
        await letGo;

        Assert.Equal(new Offset(2), Group.Offsets[s_first]);
        _cluster.Log(1).Append("next");
        Assert.True(await loop.MoveNextAsync());
        Assert.Equal("next", loop.Current.Value);
    }

    [Fact]
    public async Task A_fetch_that_is_answered_after_the_revocation_is_dropped()
    {
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _cluster.Silo.BeforeAnswer = (request, _) => released.Task;
        await using var consumer = _cluster.Member();
        var reading = consumer.TakeAsync(1);
        await Consumption.UntilAsync(() => !_cluster.Silo.Fetches.IsEmpty, "a fetch was under way");

        var letGo = Group.WhenOwnedAsync(s_second);
        Group.Assign(_cluster.Assigned(1));
        await letGo;
        released.SetResult();
        _cluster.Log(1).Append("mine");

        Assert.Equal("mine", (await reading)[0].Value);
    }

    [Fact]
    public async Task Commits_cover_what_is_done_and_nothing_more()
    {
        await using var consumer = _cluster.Member();
        await using var loop = consumer.GetAsyncEnumerator();
        for (var i = 0; i < 5; i++)
        {
            Assert.True(await loop.MoveNextAsync());
        }

        await consumer.CommitAsync();
        await consumer.CommitAsync();

        Assert.Equal(new Offset(4), Group.Offsets[s_first]);
        Assert.Equal(new Offset(5), consumer.Position(s_first));
        Assert.Single(Group.Commits, commit => commit.Offsets.Any(o => o.TopicPartition == s_first));
        await consumer.CommitAsync(loop.Current);
        Assert.Equal(new Offset(5), Group.Offsets[s_first]);
    }

    [Fact]
    public async Task Commits_are_made_regularly_while_the_loop_runs()
    {
        await using var consumer = _cluster.Member(o => o with { AutoCommitInterval = TimeSpan.FromMilliseconds(20) });
        await using var loop = consumer.GetAsyncEnumerator();
        for (var i = 0; i < 5; i++)
        {
            Assert.True(await loop.MoveNextAsync());
        }

        await Consumption.UntilAsync(() => Group.Trace.Contains("commit orders-0@4"), "what is done was committed");
        Assert.DoesNotContain("commit orders-0@5", Group.Trace);
    }

    [Fact]
    public async Task A_commit_under_a_generation_that_has_passed_is_repeated_after_a_heartbeat_with_a_new_number()
    {
        await using var consumer = _cluster.Member();
        await using var loop = consumer.GetAsyncEnumerator();
        Assert.True(await loop.MoveNextAsync());
        Assert.True(await loop.MoveNextAsync());
        await Group.WhenOwnedAsync(s_first, s_second);
        var refused = false;
        Group.OnCommit = request =>
        {
            if (refused)
            {
                return null;
            }

            refused = true;
            Group.Assign(_cluster.Assigned(0), _cluster.Assigned(1));
            return new CommitResponse(ErrorCode.IllegalGeneration, "Old.");
        };

        await consumer.CommitAsync();

        var (first, second) = (Group.Commits[^2], Group.Commits[^1]);
        Assert.True(second.Generation > first.Generation);
        Assert.True(second.Sequence > first.Sequence);
        Assert.Equal(new Offset(1), Group.Offsets[s_first]);
    }

    [Fact]
    public async Task Somebody_elses_partition_is_not_committed()
    {
        await using var consumer = _cluster.Member();
        var loop = consumer.GetAsyncEnumerator();
        Assert.True(await loop.MoveNextAsync());
        var record = loop.Current;
        var letGo = Group.WhenOwnedAsync(s_second);
        Group.Assign(_cluster.Assigned(1));

        // Goes on reading, as a loop does: what it gets before it hears of the revocation has to be done as well.
        var reading = Task.Run(async () =>
        {
            while (await loop.MoveNextAsync())
            {
            }
        });
        await letGo;
        var commits = Group.Commits.Count;

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => consumer.CommitAsync(record));

        Assert.Equal(ErrorCode.IllegalGeneration, error.ErrorCode);
        Assert.Equal(commits, Group.Commits.Count);
        await consumer.DisposeAsync();
        await reading;
        await loop.DisposeAsync();
    }

    [Fact]
    public async Task A_lost_session_is_told_and_not_committed_and_the_consumer_joins_anew()
    {
        await using var consumer = _cluster.Member(Noting);
        await using var loop = consumer.GetAsyncEnumerator();
        Assert.True(await loop.MoveNextAsync());
        Assert.True(await loop.MoveNextAsync());
        var isLost = false;
        Group.OnHeartbeat = _ =>
        {
            var answer = isLost ? null : new MembershipResponse(ErrorCode.UnknownMemberId, Generation.None, [], TimeSpan.Zero, "Expelled.");
            isLost = true;
            return Task.FromResult(answer);
        };

        await Consumption.UntilAsync(() => Group.Joins.Count == 2 && consumer.Assignment.Count == 2, "the consumer joined anew");
        Assert.True(await loop.MoveNextAsync());

        Assert.Equal("0", loop.Current.Value);
        Assert.NotEqual(Group.Joins[0].MemberId, Group.Joins[1].MemberId);
        Assert.Empty(Group.Commits);
        Assert.Equal(
            ["join", "assigned orders-0 orders-1", "lost orders-0 orders-1", "join", "assigned orders-0 orders-1"],
            Group.Trace.Where(step => !step.StartsWith("owns", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_static_member_whose_place_was_taken_ends_with_a_hint_and_does_not_come_back()
    {
        await using var consumer = _cluster.Member(o => o with { InstanceId = "one" });
        await using var loop = consumer.GetAsyncEnumerator();
        Assert.True(await loop.MoveNextAsync());
        Group.OnHeartbeat = _ => Task.FromResult<MembershipResponse?>(
            new MembershipResponse(ErrorCode.FencedInstanceId, Generation.None, [], TimeSpan.Zero, "Fenced."));
        await Consumption.UntilAsync(() => consumer.Assignment.Count == 0, "the consumer noticed");

        var error = await Assert.ThrowsAsync<OrleansStreamException>(async () => await loop.MoveNextAsync());

        Assert.Equal(ErrorCode.FencedInstanceId, error.ErrorCode);
        Assert.Contains("InstanceId of its own", error.Message, StringComparison.Ordinal);
        Assert.Single(Group.Joins);
    }

    [Fact]
    public async Task Nothing_is_read_while_the_session_may_have_expired_and_all_goes_on_when_it_has_not()
    {
        await using var consumer = _cluster.Member(o => Noting(o) with { SessionTimeout = TimeSpan.FromSeconds(1) });
        await using var loop = consumer.GetAsyncEnumerator();
        Assert.True(await loop.MoveNextAsync());
        var start = Environment.TickCount64;
        Group.OnHeartbeat = _ => throw new TimeoutException();

        // The member cannot be heard, but for a session it may go on; then it has to stop, although records are buffered.
        await Consumption.UntilAsync(() => consumer.IsSuspended, "the consumer suspended itself");
        Assert.InRange(Environment.TickCount64 - start, 500, 30_000);
        var moving = loop.MoveNextAsync();
        Assert.False(moving.IsCompleted);
        Group.OnHeartbeat = null;

        Assert.True(await moving);
        Assert.Equal("1", loop.Current.Value);
        Assert.DoesNotContain(Group.Trace, step => step.StartsWith("lost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Heartbeats_go_on_while_the_loop_works_on_one_record()
    {
        await using var consumer = _cluster.Member();
        await using var loop = consumer.GetAsyncEnumerator();
        Assert.True(await loop.MoveNextAsync());

        for (var i = 0; i < 20; i++)
        {
            await Group.WhenOwnedAsync(s_first, s_second);
        }

        Assert.Single(Group.Joins);
    }

    [Fact]
    public async Task A_seek_in_the_callback_decides_where_a_partition_begins()
    {
        Group.Offsets[s_first] = new Offset(2);
        Consumer<string, string> consumer = null!;
        consumer = _cluster.Member(o => o with
        {
            OnPartitionsAssigned = async (partitions, token) =>
            {
                Assert.All(partitions, partition => Assert.Null(consumer.Position(partition)));
                await consumer.SeekAsync(s_first, new Offset(7), token);
            },
        });
        await using var _ = consumer;

        Assert.Equal("7", (await consumer.TakeAsync(1))[0].Value);
    }

    [Fact]
    public async Task A_commit_in_the_revocation_callback_is_accepted()
    {
        Consumer<string, string> consumer = null!;
        consumer = _cluster.Member(o => o with
        {
            EnableAutoCommit = false,
            OnPartitionsRevoked = async (partitions, token) => await consumer.CommitAsync(token),
        });
        await using var _ = consumer;
        await consumer.TakeAsync(3);

        var letGo = Group.WhenOwnedAsync(s_second);
        Group.Assign(_cluster.Assigned(1));
        await letGo;

        Assert.Equal(new Offset(2), Group.Offsets[s_first]);
    }

    [Fact]
    public async Task A_callback_that_fails_ends_the_loop_and_the_membership()
    {
        await using var consumer = _cluster.Member(o => o with { OnPartitionsAssigned = (_, _) => throw new InvalidDataException("No.") });

        await Assert.ThrowsAsync<InvalidDataException>(() => consumer.TakeAsync(1));

        await Consumption.UntilAsync(() => Group.Trace.Contains("leave"), "the consumer left the group");
    }

    [Fact]
    public async Task A_group_that_refuses_the_consumer_ends_the_loop()
    {
        Group.OnJoin = _ => new MembershipResponse(ErrorCode.GroupMaxSizeReached, Generation.None, [], TimeSpan.Zero, "The group is full.");
        await using var consumer = _cluster.Member();

        var error = await Assert.ThrowsAsync<OrleansStreamException>(() => consumer.TakeAsync(1));

        Assert.Equal(ErrorCode.GroupMaxSizeReached, error.ErrorCode);
        Assert.Contains("The group is full.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposing_tells_commits_and_leaves_in_this_order()
    {
        var consumer = _cluster.Member(Noting);
        await using (var loop = consumer.GetAsyncEnumerator())
        {
            for (var i = 0; i < 3; i++)
            {
                Assert.True(await loop.MoveNextAsync());
            }
        }

        await consumer.DisposeAsync();

        Assert.Equal(
            ["join", "assigned orders-0 orders-1", "revoked orders-0 orders-1", "commit orders-0@2", "leave"],
            Group.Trace.Where(step => !step.StartsWith("owns", StringComparison.Ordinal) && step != "commit orders-1@0"));
    }

    [Fact]
    public async Task A_static_member_keeps_its_place_when_it_is_disposed()
    {
        var consumer = _cluster.Member(o => o with { InstanceId = "one" });
        await consumer.TakeAsync(3);

        await consumer.DisposeAsync();

        Assert.Contains("commit orders-0@2", Group.Trace);
        Assert.DoesNotContain("leave", Group.Trace);
    }

    private ConsumerOptions<string, string> Noting(ConsumerOptions<string, string> options)
    {
        return options with
        {
            OnPartitionsAssigned = (partitions, _) => Note("assigned", partitions),
            OnPartitionsRevoked = (partitions, _) => Note("revoked", partitions),
            OnPartitionsLost = (partitions, _) => Note("lost", partitions),
        };

        ValueTask Note(string what, IEnumerable<TopicPartition> partitions)
        {
            Group.Note($"{what} {string.Join(' ', partitions.Select(p => $"{p}").Order())}");
            return ValueTask.CompletedTask;
        }
    }
}
