using Microsoft.Extensions.DependencyInjection;
using OrleansStream.Grains;
using OrleansStream.Groups;
using OrleansStream.Groups.Classic;
using OrleansStream.Server.Groups.Classic;
using OrleansStream.Storage;
using OrleansStream.Testing;

namespace OrleansStream.Server.Tests.Groups;

/// <summary>One silo whose classic groups do not wait for a second member, for all of <see cref="ClassicGroupGrainTests"/>.</summary>
public sealed class ClassicGroupSilo : IAsyncLifetime
{
    public OrleansStreamTestHost Host { get; private set; } = null!;

    public async Task InitializeAsync() => Host = await OrleansStreamTestHost.StartAsync(new OrleansStreamTestHostOptions
    {
        ConfigureHost = host => host.Services.AddSingleton<IPartitionLogStore>(new Fakes.MemoryLogStore()),
        ConfigureServer = server => server.ClassicGroups.InitialRebalanceDelay = TimeSpan.Zero,
    });

    public async Task DisposeAsync() => await Host.DisposeAsync();
}

public sealed class ClassicGroupGrainTests(ClassicGroupSilo silo) : IClassFixture<ClassicGroupSilo>
{
    private readonly string _name = $"t-{Guid.NewGuid():N}";

    private IClassicGroupGrain Classic => silo.Host.ClusterClient.GetGrain<IClassicGroupGrain>(_name);

    private IGroupGrain Group => silo.Host.ClusterClient.GetGrain<IGroupGrain>(_name);

    [Fact]
    public async Task Two_members_join_and_get_what_the_leader_decides_and_people_see_it()
    {
        await CreateTopicAsync(2);
        await SettleAsync("a");
        var b = JoinAsync("", "b");
        await JoinAsync("a");
        await b;

        var waiting = SyncAsync("b", 2);
        await SyncAsync("a", 2, ("a", 0), ("b", 1));
        var assigned = await waiting;

        Assert.Equal([new TopicPartition(_name, 1)], ConsumerProtocol.ReadPartitions(assigned.Assignment));
        Assert.Equal(ErrorCode.None, (await Classic.CommitAsync(new ClassicIdentity("b", new Generation(2), null), [Offset(1, 5)]))[0]);
        var described = await Group.DescribeAsync();
        Assert.Equal((GroupState.Stable, GroupKind.Classic, new Generation(2)), (described.State, described.Kind, described.Generation));
        Assert.Equal([("a", "0"), ("b", "1")], described.Members.Select(member => (member.MemberId, string.Join(' ', member.Assignment.Select(p => p.Partition)))));
        Assert.All(described.Members, member => Assert.Equal([_name], member.Topics));
        Assert.Equal([("a", -1L), ("b", 5L)], described.Offsets.Select(partition => (partition.MemberId!, partition.CommittedOffset.Value)));
        var listed = Assert.Single(await silo.Host.ClusterClient.GetGrain<IClusterGrain>(0).ListGroupsAsync(_name, null, 10));
        Assert.Equal((GroupKind.Classic, GroupState.Stable, "consumer", 2), (listed.Kind, listed.State, listed.ProtocolType, listed.MemberCount));
    }

    [Fact]
    public async Task A_waiting_join_neither_blocks_the_group_nor_takes_longer_than_a_call_may()
    {
        await SettleAsync("a");
        var pending = await Classic.JoinAsync(Request("", "b"));

        Assert.True(pending.IsPending);
        Assert.Equal(ErrorCode.RebalanceInProgress, await Classic.HeartbeatAsync(new ClassicIdentity("a", new Generation(1), null)));
    }

    [Fact]
    public async Task Members_of_a_coordinator_that_moved_are_still_members()
    {
        await CreateTopicAsync(1);
        await SettleAsync("a");

        await Group.Cast<Orleans.Core.Internal.IGrainManagementExtension>().DeactivateOnIdle();

        Assert.Equal(ErrorCode.None, await Classic.HeartbeatAsync(new ClassicIdentity("a", new Generation(1), null)));
        Assert.Equal(ErrorCode.None, (await Classic.CommitAsync(new ClassicIdentity("a", new Generation(1), null), [Offset(0, 3)]))[0]);
        Assert.Equal([new TopicPartition(_name, 0)], ConsumerProtocol.ReadPartitions((await Classic.SyncAsync(new ClassicSyncRequest("a", new Generation(1), null, null, null, []))).Assignment));
    }

    [Fact]
    public async Task Members_of_the_two_protocols_keep_each_other_out_and_go_on_where_the_others_stopped()
    {
        await CreateTopicAsync(1);
        await SettleAsync("a");
        await Classic.CommitAsync(new ClassicIdentity("a", new Generation(1), null), [Offset(0, 3)]);

        Assert.Equal(ErrorCode.InconsistentGroupProtocol, (await Group.JoinAsync(Native("n"))).Error);
        Assert.Equal(ErrorCode.NonEmptyGroup, (await Group.ResetOffsetsAsync([Offset(0, 0)])).Error);
        Assert.Equal([ErrorCode.None], await Classic.LeaveAsync([new ClassicLeaver("a", null)]));
        var native = await Group.JoinAsync(Native("n"));
        Assert.Equal(3L, Assert.Single(await Group.FetchOffsetsAsync(null)).Offset.Value);
        Assert.Equal(ErrorCode.None, (await Group.CommitAsync(new CommitRequest("n", native.Generation, [Offset(0, 7)], 1))).Error);

        Assert.Equal(ErrorCode.InconsistentGroupProtocol, (await Classic.JoinAsync(Request("", "b"))).Error);
        Assert.Equal([ErrorCode.UnknownMemberId], await Classic.CommitAsync(new ClassicIdentity("", Generation.None, null), [Offset(0, 0)]));
        var seen = (await Classic.DescribeAsync())!;
        Assert.Equal((GroupState.Stable, "consumer"), (seen.State, seen.ProtocolType));
        Assert.Equal([new TopicPartition(_name, 0)], ConsumerProtocol.ReadPartitions(Assert.Single(seen.Members).Assignment));
        await Group.LeaveAsync("n");
        var joined = await JoinAsync("", "b");

        Assert.True(joined.Generation > native.Generation);
        Assert.Equal(7L, Assert.Single(await Group.FetchOffsetsAsync(null)).Offset.Value);
    }

    [Fact]
    public async Task Outsiders_commit_to_a_group_without_members_and_each_offset_is_answered()
    {
        await CreateTopicAsync(1);

        var answers = await Classic.CommitAsync(
            new ClassicIdentity("", Generation.None, null),
            [Offset(0, 4), Offset(1, 4), Offset(0, 5) with { Metadata = new string('x', ProtocolLimits.MaxOffsetMetadataLength + 1) }]);

        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition, ErrorCode.OffsetMetadataTooLarge], answers);
        Assert.Equal(4L, Assert.Single(await Group.FetchOffsetsAsync(null)).Offset.Value);
        var seen = (await Classic.DescribeAsync())!;
        Assert.Equal((GroupState.Empty, ""), (seen.State, seen.ProtocolType));
        Assert.Null(await silo.Host.ClusterClient.GetGrain<IClassicGroupGrain>(_name + "-other").DescribeAsync());
    }

    [Fact]
    public async Task A_member_of_a_group_that_does_not_exist_learns_that_and_a_group_without_members_asks_nobody_who_he_is()
    {
        await CreateTopicAsync(1);

        Assert.Equal([ErrorCode.GroupIdNotFound], await Classic.CommitAsync(new ClassicIdentity("a", new Generation(1), null), [Offset(0, 4)]));
        Assert.Equal([ErrorCode.None], await Classic.CommitAsync(new ClassicIdentity("a", Generation.None, null), [Offset(0, 5)]));
        Assert.Equal([ErrorCode.UnknownMemberId], await Classic.CommitAsync(new ClassicIdentity("a", new Generation(1), null), [Offset(0, 6)]));
        Assert.Equal(5L, Assert.Single(await Group.FetchOffsetsAsync(null)).Offset.Value);
    }

    [Fact]
    public async Task Offsets_of_topics_that_nobody_subscribes_to_can_be_deleted()
    {
        await CreateTopicAsync(2);
        await Classic.CommitAsync(new ClassicIdentity("", Generation.None, null), [Offset(0, 4), Offset(1, 4)]);
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition], await Classic.DeleteOffsetsAsync([new(_name, 0), new("none", 0)]));
        Assert.Equal(1, Assert.Single(await Group.FetchOffsetsAsync(null)).TopicPartition.Partition);

        await SettleAsync("a");

        Assert.Equal([ErrorCode.GroupSubscribedToTopic, ErrorCode.UnknownTopicOrPartition], await Classic.DeleteOffsetsAsync([new(_name, 1), new(_name, 9)]));
        Assert.Equal(ErrorCode.NonEmptyGroup, (await Assert.ThrowsAsync<OrleansStreamException>(Group.DeleteAsync)).ErrorCode);
    }

    private Task CreateTopicAsync(int partitions) =>
        silo.Host.ClusterClient.GetGrain<ITopicGrain>(_name).CreateAsync(partitions, new Dictionary<string, string>());

    private async Task SettleAsync(string memberId)
    {
        var joined = await JoinAsync("", memberId);
        await SyncAsync(memberId, joined.Generation.Value, (memberId, 0));
    }

    private async Task<ClassicJoinResponse> JoinAsync(string memberId, string newMemberId = "unused")
    {
        var request = Request(memberId, newMemberId);
        while (true)
        {
            if (await Classic.JoinAsync(request) is { IsPending: false } response)
            {
                Assert.Equal(ErrorCode.None, response.Error);
                return response;
            }
        }
    }

    private async Task<ClassicSyncResponse> SyncAsync(string memberId, int generation, params (string Member, int Partition)[] shares)
    {
        var assignments = shares.Select(share => new ClassicAssignment(share.Member, ConsumerProtocol.WritePartitions([new TopicPartition(_name, share.Partition)])));
        var request = new ClassicSyncRequest(memberId, new Generation(generation), null, null, null, [.. assignments]);
        while (true)
        {
            if (await Classic.SyncAsync(request) is { IsPending: false } response)
            {
                Assert.Equal(ErrorCode.None, response.Error);
                return response;
            }
        }
    }

    private ClassicJoinRequest Request(string memberId, string newMemberId) => new(
        Guid.NewGuid(),
        memberId,
        newMemberId,
        null,
        "client",
        "/127.0.0.1",
        TimeSpan.FromSeconds(10),
        TimeSpan.FromSeconds(30),
        "consumer",
        [new ClassicProtocol("range", ConsumerProtocol.WriteTopics([_name]))],
        NeedsMemberIdFirst: false,
        MaySkipAssignment: false);

    private JoinGroupRequest Native(string memberId) => new(memberId, null, "", [_name], TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));

    private CommittedOffset Offset(int partition, long offset) => new(new TopicPartition(_name, partition), new Offset(offset), "", LeaderEpoch.None);
}
