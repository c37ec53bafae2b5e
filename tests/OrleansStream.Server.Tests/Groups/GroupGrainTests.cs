using Microsoft.Extensions.DependencyInjection;
using OrleansStream.Grains;
using OrleansStream.Groups;
using OrleansStream.Groups.Classic;
using OrleansStream.Server.Tests.Fakes;
using OrleansStream.Storage;
using OrleansStream.Testing;

namespace OrleansStream.Server.Tests.Groups;

/// <summary>One silo for all of <see cref="GroupGrainTests"/>, which use groups and topics of their own.</summary>
public sealed class GroupGrainSilo : IAsyncLifetime
{
    public OrleansStreamTestHost Host { get; private set; } = null!;

    public async Task InitializeAsync() => Host = await OrleansStreamTestHost.StartAsync(new OrleansStreamTestHostOptions
    {
        ConfigureHost = host => host.Services.AddSingleton<IPartitionLogStore>(new MemoryLogStore()),
    });

    public async Task DisposeAsync() => await Host.DisposeAsync();
}

public sealed class GroupGrainTests(GroupGrainSilo silo) : IClassFixture<GroupGrainSilo>
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly string _name = $"t-{Guid.NewGuid():N}";

    private IGrainFactory Grains => silo.Host.ClusterClient;

    private IGroupStore Store => silo.Host.Services.GetRequiredService<IGroupStore>();

    private IGroupGrain Group => Grains.GetGrain<IGroupGrain>(_name);

    [Fact]
    public async Task A_lone_member_owns_every_partition_and_commits_and_reads_offsets()
    {
        await CreateTopicAsync(3);

        var joined = await Group.JoinAsync(Join("m1"));
        var committed = await Group.CommitAsync(Commit("m1", joined.Generation, 1, (0, 5), (2, 7)));

        Assert.Equal(ErrorCode.None, joined.Error);
        Assert.Equal([0, 1, 2], joined.Assignment.Select(partition => partition.TopicPartition.Partition));
        Assert.Equal(ErrorCode.None, committed.Error);
        Assert.Equal([(0, 5L), (2, 7L)], Offsets(await Group.FetchOffsetsAsync(null)));
        Assert.Equal([(2, 7L)], Offsets(await Group.FetchOffsetsAsync([new(_name, 1), new(_name, 2)])));
    }

    [Fact]
    public async Task Partitions_move_to_a_second_member_after_the_first_let_go_of_them()
    {
        await CreateTopicAsync(2);
        var first = await Group.JoinAsync(Join("m1"));
        var second = await Group.JoinAsync(Join("m2"));
        Assert.Empty(second.Assignment);

        var told = await Group.HeartbeatAsync(Heartbeat("m1", first));
        var stillEmpty = await Group.HeartbeatAsync(Heartbeat("m2", second));
        Assert.Single(told.Assignment);
        Assert.Empty(stillEmpty.Assignment);

        await Group.HeartbeatAsync(Heartbeat("m1", told));
        var granted = await Group.HeartbeatAsync(Heartbeat("m2", stillEmpty));
        Assert.Single(granted.Assignment);
        Assert.NotEqual(told.Assignment, granted.Assignment);
        Assert.Equal(GroupState.Stable, (await Group.DescribeAsync()).State);
    }

    [Fact]
    public async Task A_restart_of_the_coordinator_moves_nothing_and_begins_a_new_generation()
    {
        await CreateTopicAsync(4);
        var first = await Group.JoinAsync(Join("m1"));
        await Group.CommitAsync(Commit("m1", first.Generation, 1, (0, 5)));
        var before = await Group.DescribeAsync();

        await DeactivateAsync();
        var stale = await Group.CommitAsync(Commit("m1", first.Generation, 2, (0, 9)));
        var again = await Group.HeartbeatAsync(Heartbeat("m1", first));
        var fresh = await Group.CommitAsync(Commit("m1", again.Generation, 3, (0, 8)));

        Assert.Equal(ErrorCode.IllegalGeneration, stale.Error);
        Assert.True(again.Generation > first.Generation);
        Assert.Equal(first.Assignment, again.Assignment);
        Assert.Equal(ErrorCode.None, fresh.Error);
        var after = await Group.DescribeAsync();
        Assert.Equal(before.Members.Select(member => member.MemberId), after.Members.Select(member => member.MemberId));
        Assert.Equal([(0, 8L)], Offsets(await Group.FetchOffsetsAsync(null)));
    }

    [Fact]
    public async Task A_coordinator_that_was_replaced_stops_and_its_callers_try_again()
    {
        await CreateTopicAsync(2);
        var first = await Group.JoinAsync(Join("m1"));
        var stored = (await Store.LoadAsync(_name, default))!;
        await Store.TrySaveAsync(stored with { Generation = stored.Generation.Next() }, default);

        var refused = await Group.CommitAsync(Commit("m1", first.Generation, 1, (0, 5)));
        var again = await RepeatAsync(() => Group.HeartbeatAsync(Heartbeat("m1", first)), response => response.Error);

        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, refused.Error);
        Assert.True(OrleansStreamException.IsRetriableCode(refused.Error));
        Assert.True(again.Generation.Value > stored.Generation.Value + 1);
        Assert.Empty(await Group.FetchOffsetsAsync(null));
    }

    [Fact]
    public async Task Names_of_groups_that_do_not_exist_leave_nothing_in_memory()
    {
        var names = Enumerable.Range(0, 500).Select(number => $"{_name}-{number}").ToArray();
        await Task.WhenAll(names.Select(async name =>
        {
            var (group, classic) = (Grains.GetGrain<IGroupGrain>(name), Grains.GetGrain<IClassicGroupGrain>(name));
            Assert.Empty(await group.FetchOffsetsAsync(null));
            Assert.Null(await classic.DescribeAsync());
            await Assert.ThrowsAsync<OrleansStreamException>(group.DescribeAsync);
            Assert.Equal(ErrorCode.UnknownMemberId, (await group.HeartbeatAsync(new HeartbeatRequest("m", new Generation(1), []))).Error);
            Assert.Equal(ErrorCode.UnknownMemberId, await classic.HeartbeatAsync(new ClassicIdentity("m", new Generation(1), null)));
            await group.LeaveAsync("m");
            Assert.Equal([ErrorCode.UnknownMemberId], await classic.LeaveAsync([new ClassicLeaver("m", null)]));
            await Assert.ThrowsAsync<OrleansStreamException>(group.DeleteAsync);
        }));

        // The last of them may still be on their way out.
        using var timeout = new CancellationTokenSource(s_patience);
        while (await CountActivationsAsync() > 0)
        {
            await Task.Delay(50, timeout.Token);
        }
    }

    [Fact]
    public async Task A_heartbeat_of_a_later_generation_makes_a_replaced_coordinator_look_again()
    {
        await CreateTopicAsync(1);
        var first = await Group.JoinAsync(Join("m1"));
        var stored = (await Store.LoadAsync(_name, default))!;
        await Store.TrySaveAsync(stored with { Generation = stored.Generation.Next() }, default);
        var later = Heartbeat("m1", first) with { Generation = stored.Generation.Next() };

        var refused = await Group.HeartbeatAsync(later);
        var again = await RepeatAsync(() => Group.HeartbeatAsync(later), response => response.Error);

        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, refused.Error);
        Assert.Equal(first.Assignment, again.Assignment);
    }

    [Fact]
    public async Task A_silent_member_is_expelled_and_its_partitions_go_to_the_other()
    {
        await CreateTopicAsync(2);
        await Group.JoinAsync(Join("silent") with { SessionTimeout = TimeSpan.FromSeconds(1) });
        var alive = await Group.JoinAsync(Join("alive"));

        alive = await HeartbeatUntilAsync("alive", alive, response => response.Assignment.Length == 2);

        Assert.Equal(["alive"], (await Group.DescribeAsync()).Members.Select(member => member.MemberId));
        var late = await Group.HeartbeatAsync(new HeartbeatRequest("silent", new Generation(1), []));
        Assert.Equal(ErrorCode.UnknownMemberId, late.Error);
    }

    [Fact]
    public async Task A_topic_created_after_the_join_and_partitions_added_later_are_found_by_themselves()
    {
        var member = await Group.JoinAsync(Join("m1"));
        Assert.Empty(member.Assignment);

        await CreateTopicAsync(1);
        member = await HeartbeatUntilAsync("m1", member, response => response.Assignment.Length == 1);
        await Grains.GetGrain<ITopicGrain>(_name).AddPartitionsAsync(3);

        await HeartbeatUntilAsync("m1", member, response => response.Assignment.Length == 3);
    }

    [Fact]
    public async Task Offsets_are_reset_from_outside_while_nobody_owns_the_partition()
    {
        await CreateTopicAsync(2);
        Assert.Equal(ErrorCode.None, (await Group.ResetOffsetsAsync([Offset(0, 9), Offset(1, 9)])).Error);
        Assert.Equal(ErrorCode.None, (await Group.ResetOffsetsAsync([Offset(0, 4), Offset(1, -1)])).Error);
        Assert.Equal([(0, 4L)], Offsets(await Group.FetchOffsetsAsync(null)));

        await Group.JoinAsync(Join("m1"));

        Assert.Equal(ErrorCode.NonEmptyGroup, (await Group.ResetOffsetsAsync([Offset(0, 1)])).Error);
        Assert.Equal([(0, 4L)], Offsets(await Group.FetchOffsetsAsync(null)));
    }

    [Fact]
    public async Task A_commit_from_outside_is_taken_only_while_there_are_no_members()
    {
        await CreateTopicAsync(1);
        var outside = Commit("", Generation.None, 0, (0, 3));
        Assert.Equal(ErrorCode.None, (await Group.CommitAsync(outside)).Error);

        await Group.JoinAsync(Join("m1"));
        Assert.Equal(ErrorCode.NonEmptyGroup, (await Group.CommitAsync(outside)).Error);

        await Group.LeaveAsync("m1");
        Assert.Equal(ErrorCode.None, (await Group.CommitAsync(outside)).Error);
        Assert.Equal(GroupState.Empty, (await Group.DescribeAsync()).State);
    }

    [Fact]
    public async Task Unknown_partitions_are_named_in_the_refusal()
    {
        await CreateTopicAsync(1);

        var topic = await Group.ResetOffsetsAsync([new CommittedOffset(new TopicPartition("no-such-topic", 0), new Offset(1), "", LeaderEpoch.None)]);
        var partition = await Group.ResetOffsetsAsync([Offset(1, 1)]);

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, topic.Error);
        Assert.Contains("no-such-topic-0", topic.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, partition.Error);
    }

    [Fact]
    public async Task A_group_nobody_knows_is_neither_described_nor_deleted_nor_made_by_asking()
    {
        Assert.Equal(ErrorCode.GroupIdNotFound, (await Assert.ThrowsAsync<OrleansStreamException>(Group.DescribeAsync)).ErrorCode);
        Assert.Equal(ErrorCode.GroupIdNotFound, (await Assert.ThrowsAsync<OrleansStreamException>(Group.DeleteAsync)).ErrorCode);
        Assert.Empty(await Group.FetchOffsetsAsync(null));
        Assert.Equal(ErrorCode.UnknownMemberId, (await Group.HeartbeatAsync(new HeartbeatRequest("m", new Generation(0), []))).Error);
        Assert.Null(await Store.LoadAsync(_name, default));
    }

    [Fact]
    public async Task A_group_without_members_is_deleted_with_its_offsets_and_can_be_made_again()
    {
        await CreateTopicAsync(1);
        var member = await Group.JoinAsync(Join("m1"));
        await Group.CommitAsync(Commit("m1", member.Generation, 1, (0, 5)));
        Assert.Equal(ErrorCode.NonEmptyGroup, (await Assert.ThrowsAsync<OrleansStreamException>(Group.DeleteAsync)).ErrorCode);

        await Group.LeaveAsync("m1");
        await Group.DeleteAsync();

        Assert.Null(await Store.LoadAsync(_name, default));
        Assert.Empty(await Group.FetchOffsetsAsync(null));
        var again = await RepeatAsync(() => Group.JoinAsync(Join("m2")), response => response.Error);
        Assert.Single(again.Assignment);
    }

    [Fact]
    public async Task A_bad_group_id_is_refused()
    {
        var group = Grains.GetGrain<IGroupGrain>("bad\nid");

        Assert.Equal(ErrorCode.InvalidGroupId, (await group.JoinAsync(Join("m1"))).Error);
        Assert.Equal(ErrorCode.InvalidGroupId, (await group.CommitAsync(Commit("", Generation.None, 0))).Error);
        Assert.Equal(ErrorCode.InvalidGroupId, (await Assert.ThrowsAsync<OrleansStreamException>(group.DescribeAsync)).ErrorCode);
    }

    [Fact]
    public async Task Many_commits_at_once_are_all_stored_and_the_last_one_of_each_partition_stays()
    {
        const int Partitions = 10, Commits = 50;
        await CreateTopicAsync(Partitions);
        var member = await Group.JoinAsync(Join("m1"));

        var answers = await Task.WhenAll(Enumerable.Range(1, Commits).SelectMany(n => Enumerable.Range(0, Partitions).Select(
            p => Group.CommitAsync(Commit("m1", member.Generation, n, (p, n))))));

        Assert.All(answers, answer => Assert.Equal(ErrorCode.None, answer.Error));
        Assert.Equal(Enumerable.Range(0, Partitions).Select(p => (p, (long)Commits)), Offsets(await Group.FetchOffsetsAsync(null)));
    }

    [Fact]
    public async Task Describing_tells_owners_offsets_and_the_extent_of_logs_that_were_never_opened()
    {
        await CreateTopicAsync(2);
        var member = await Group.JoinAsync(Join("m1") with { ClientId = "app", InstanceId = "i1" });
        await Group.CommitAsync(Commit("m1", member.Generation, 1, (1, 0)));

        var description = await Group.DescribeAsync();

        Assert.Equal((_name, GroupState.Stable, member.Generation), (description.GroupId, description.State, description.Generation));
        var described = Assert.Single(description.Members);
        Assert.Equal(("m1", "i1", "app"), (described.MemberId, described.InstanceId, described.ClientId));
        Assert.Equal([new TopicPartition(_name, 0), new TopicPartition(_name, 1)], described.Assignment);
        Assert.Equal([(0, -1L), (1, 0L)], description.Offsets.Select(partition => (partition.TopicPartition.Partition, partition.CommittedOffset.Value)));
        Assert.All(description.Offsets, partition => Assert.Equal("m1", partition.MemberId));
    }

    private static async Task<T> RepeatAsync<T>(Func<Task<T>> call, Func<T, ErrorCode> error)
    {
        using var patience = new CancellationTokenSource(s_patience);
        while (true)
        {
            var answer = await call();
            if (error(answer) != ErrorCode.CoordinatorLoadInProgress)
            {
                return answer;
            }

            await Task.Delay(20, patience.Token);
        }
    }

    private static HeartbeatRequest Heartbeat(string member, MembershipResponse last) =>
        new(member, last.Generation, [.. last.Assignment.Select(partition => partition.TopicPartition)]);

    private static IEnumerable<(int Partition, long Offset)> Offsets(CommittedOffset[] offsets) =>
        offsets.Select(offset => (offset.TopicPartition.Partition, offset.Offset.Value)).Order();

    /// <summary>Lives as a member does until the answer is the one waited for.</summary>
    private async Task<MembershipResponse> HeartbeatUntilAsync(string member, MembershipResponse last, Predicate<MembershipResponse> wanted)
    {
        using var patience = new CancellationTokenSource(s_patience);
        while (!wanted(last))
        {
            await Task.Delay(last.NextHeartbeat, patience.Token);
            last = await Group.HeartbeatAsync(Heartbeat(member, last));
            Assert.Equal(ErrorCode.None, last.Error);
        }

        return last;
    }

    private Task CreateTopicAsync(int partitions) => Grains.GetGrain<ITopicGrain>(_name).CreateAsync(partitions, new Dictionary<string, string>());

    private async Task DeactivateAsync()
    {
        await Group.Cast<Orleans.Core.Internal.IGrainManagementExtension>().DeactivateOnIdle();
    }

    private async Task<int> CountActivationsAsync()
    {
        var grains = await Grains.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        return grains.Count(grain => grain.GrainId.Key.ToString()!.StartsWith(_name, StringComparison.Ordinal));
    }

    private JoinGroupRequest Join(string member) => new(member, null, "tests", [_name], TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30));

    private CommittedOffset Offset(int partition, long offset) => new(new TopicPartition(_name, partition), new Offset(offset), "", LeaderEpoch.None);

    private CommitRequest Commit(string member, Generation generation, long sequence, params (int Partition, long Offset)[] offsets) =>
        new(member, generation, [.. offsets.Select(offset => Offset(offset.Partition, offset.Offset))], sequence);
}
