using System.Buffers.Binary;
using System.Text;
using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Wire;

namespace OrleansStream.Kafka.Tests.Differential;

/// <summary>The requests of groups, as one client and another sends them to both sides, and the comparison of what comes back.</summary>
internal sealed class GroupComparison(GroupSide here, GroupSide there, ApacheKafka reference, Comparison comparison)
{
    public const int SessionMs = 6000;

    private const int RebalanceMs = 10_000;

    /// <summary>The group that requests are about.</summary>
    public string Group { get; set; } = "";

    /// <summary>Takes of each API the version of this number, or the one next to it that both have.</summary>
    public short Level { get; set; }

    private GroupSide[] Sides => [here, there];

    /// <summary>Forgets all members.</summary>
    public void Forget()
    {
        foreach (var side in Sides)
        {
            side.Forget();
        }
    }

    /// <summary>Becomes a member, in both steps where the version has two.</summary>
    public async Task EnterAsync(string member, Func<JoinGroupRequest, JoinGroupRequest>? change = null)
    {
        change ??= join => join;
        foreach (var side in Sides)
        {
            side.Note(member, "");
        }

        await JoinAsync($"{member} enters", member, change);
        if (Version(JoinGroupRequest.Api) >= 4)
        {
            await JoinAsync($"{member} enters with its id", member, change);
        }
    }

    public void Rename(string member, string to)
    {
        foreach (var side in Sides)
        {
            side.Note(to, side.IdOf(member));
            side.Note(member, "");
        }
    }

    /// <summary>Sends heartbeats until both say that members are to join again.</summary>
    public async Task RebalancingAsync(string member, int generation)
    {
        foreach (var side in Sides)
        {
            for (var start = TimeProvider.System.GetTimestamp(); ; await Task.Delay(20))
            {
                var beat = await side.AskAsync<HeartbeatRequest, HeartbeatResponse>(
                    member, new() { GroupId = Group, MemberId = side.IdOf(member), GenerationId = generation }, Version(HeartbeatRequest.Api));
                if (beat.ErrorCode == (short)ErrorCode.RebalanceInProgress)
                {
                    break;
                }

                Assert.True(
                    beat.ErrorCode == 0 && TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(5),
                    $"{Group}: a heartbeat of {member} {(side == here ? "here" : "there")} is answered with {beat.ErrorCode}.");
            }
        }
    }

    public async Task JoinAsync(string name, string member, Func<JoinGroupRequest, JoinGroupRequest> change)
    {
        var (ours, theirs) = await AskBothAsync<JoinGroupRequest, JoinGroupResponse>(member, side => change(new()
        {
            GroupId = Group,
            SessionTimeoutMs = SessionMs,
            RebalanceTimeoutMs = RebalanceMs,
            MemberId = side.IdOf(member) is "nobody" ? "" : side.IdOf(member),
            ProtocolType = "consumer",
            Protocols = [new() { Name = "range", Metadata = Subscription("t") }, new() { Name = "roundrobin", Metadata = Subscription("t") }],
        }));
        foreach (var (side, answer) in new[] { (here, ours), (there, theirs) })
        {
            if (answer.ErrorCode is 0 or (short)ErrorCode.MemberIdRequired)
            {
                side.Note(member, answer.MemberId);
            }
        }

        Compare<JoinGroupRequest, JoinGroupResponse>(name, ours, theirs);
    }

    public Task SyncAsync(string name, string member, int generation, Func<SyncGroupRequest, SyncGroupRequest>? change = null) =>
        CompareAsync<SyncGroupRequest, SyncGroupResponse>(name, member, side =>
        {
            var sync = new SyncGroupRequest { GroupId = Group, MemberId = side.IdOf(member), GenerationId = generation, ProtocolType = "consumer", ProtocolName = "range" };
            sync = change?.Invoke(sync) ?? sync;
            return sync with { Assignments = Array.ConvertAll(sync.Assignments, share => share with { MemberId = side.IdOf(share.MemberId) }) };
        });

    public Task HeartbeatAsync(string name, string member, int generation, string? instance = null) =>
        CompareAsync<HeartbeatRequest, HeartbeatResponse>(
            name, member, side => new() { GroupId = Group, MemberId = side.IdOf(member), GenerationId = generation, GroupInstanceId = instance });

    public Task LeaveAsync(string name, string member) => CompareAsync<LeaveGroupRequest, LeaveGroupResponse>(
        name, member, side => new() { GroupId = Group, MemberId = side.IdOf(member), Members = [new() { MemberId = side.IdOf(member) }] });

    public Task LeaveAsync(string name, Func<GroupSide, LeaveGroupRequest.LeavingMember[]> members) =>
        CompareAsync<LeaveGroupRequest, LeaveGroupResponse>(name, "admin", side => new() { GroupId = Group, Members = members(side) });

    public Task CommitAsync(string name, string member, int generation, params (string Topic, int Partition, long Offset)[] offsets) =>
        CommitAsync(name, member, generation, commit => commit with
        {
            Topics = [.. offsets.GroupBy(offset => offset.Topic).Select(topic => new OffsetCommitRequest.CommittedTopic
            {
                Name = topic.Key,
                Partitions = [.. topic.SelectMany(offset => Committed(offset.Topic, offset.Partition, offset.Offset).Partitions)],
            })],
        });

    public Task CommitAsync(string name, string member, int generation, Func<OffsetCommitRequest, OffsetCommitRequest> change) =>
        CompareAsync<OffsetCommitRequest, OffsetCommitResponse>(
            name, member, side => change(new() { GroupId = Group, MemberId = side.IdOf(member), GenerationIdOrMemberEpoch = generation }));

    public async Task FetchAsync(string name, string? topic)
    {
        var version = Version(OffsetFetchRequest.Api);
        if (topic is null && version < 2)
        {
            return;
        }

        await CompareAsync<OffsetFetchRequest, OffsetFetchResponse>(name, "admin", _ => version >= 8
            ? new() { Groups = [new() { GroupId = Group, Topics = topic is null ? null : [new() { Name = topic, PartitionIndexes = [0, 1, 9] }] }] }
            : new() { GroupId = Group, Topics = topic is null ? null : [new() { Name = topic, PartitionIndexes = [0, 1, 9] }] });
    }

    public async Task DescribeAsync(string name, bool withMembers = true)
    {
        var (ours, theirs) = await AskBothAsync<DescribeGroupsRequest, DescribeGroupsResponse>("admin", _ => new() { Groups = [Group], IncludeAuthorizedOperations = true });
        if (!withMembers)
        {
            (ours, theirs) = (WithoutMembers(ours), WithoutMembers(theirs));
        }

        Compare<DescribeGroupsRequest, DescribeGroupsResponse>(name, ours, theirs);

        static DescribeGroupsResponse WithoutMembers(DescribeGroupsResponse answer) => answer with { Groups = [.. answer.Groups.Select(group => group with { Members = [] })] };
    }

    public async Task ListAsync(string name, params string[] states)
    {
        var (ours, theirs) = await AskBothAsync<ListGroupsRequest, ListGroupsResponse>("admin", _ => new() { StatesFilter = states });
        Compare<ListGroupsRequest, ListGroupsResponse>(name, ours, theirs);
    }

    public Task DeleteAsync(string name) => CompareAsync<DeleteGroupsRequest, DeleteGroupsResponse>(name, "admin", _ => new() { GroupsNames = [Group] });

    public Task DeleteOffsetsAsync(string name, params string[] topics) => CompareAsync<OffsetDeleteRequest, OffsetDeleteResponse>(name, "admin", _ => new()
    {
        GroupId = Group,
        Topics = [.. topics.DefaultIfEmpty("t").Select(topic => new OffsetDeleteRequest.ForgottenTopic { Name = topic, Partitions = [new() { PartitionIndex = 0 }, new() { PartitionIndex = 9 }] })],
    });

    public async Task CompareAsync<TRequest, TResponse>(string name, string client, Func<GroupSide, TRequest> request)
        where TRequest : class, IKafkaMessage<TRequest>
        where TResponse : class, IKafkaMessage<TResponse>
    {
        var (ours, theirs) = await AskBothAsync<TRequest, TResponse>(client, request);
        Compare<TRequest, TResponse>(name, ours, theirs);
    }

    private async Task<(TResponse Ours, TResponse Theirs)> AskBothAsync<TRequest, TResponse>(string client, Func<GroupSide, TRequest> request)
        where TRequest : class, IKafkaMessage<TRequest>
        where TResponse : class, IKafkaMessage<TResponse>
    {
        var version = Version(TRequest.Api);
        var answers = await Task.WhenAll(Sides.Select(side => side.AskAsync<TRequest, TResponse>(client, request(side), version)));
        return (answers[0], answers[1]);
    }

    private void Compare<TRequest, TResponse>(string name, TResponse ours, TResponse theirs)
        where TRequest : class, IKafkaMessage<TRequest>
        where TResponse : class, IKafkaMessage<TResponse> =>
        comparison.Compare<TRequest, TResponse>(name, Version(TRequest.Api), ours, theirs, here.Name, there.Name);

    public short Version(ApiDescription api)
    {
        var (from, to) = reference.VersionsInCommon(api);
        Assert.True(from <= to, $"{api.Key}: no version in common.");
        return Math.Clamp(Level, from, to);
    }

    public static SyncGroupRequest Assigning(SyncGroupRequest sync, params string[] members) => sync with
    {
        Assignments = Array.ConvertAll(members, member => new SyncGroupRequest.MemberAssignment { MemberId = member, Assignment = Encoding.UTF8.GetBytes($"what {member} gets") }),
    };

    public static JoinGroupRequest Wanting(JoinGroupRequest join, string topic) =>
        join with { Protocols = Array.ConvertAll(join.Protocols, protocol => protocol with { Metadata = Subscription(topic) }) };

    public static OffsetCommitRequest.CommittedTopic Committed(string topic, int partition, long offset) =>
        new() { Name = topic, Partitions = [new() { PartitionIndex = partition, CommittedOffset = offset, CommittedMetadata = "m" }] };

    /// <summary>What a consumer of one topic says about itself, in the first version of that format.</summary>
    public static byte[] Subscription(string topic)
    {
        var bytes = new byte[2 + 4 + 2 + topic.Length + 4];
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(2), 1);
        BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(6), (short)topic.Length);
        Encoding.UTF8.GetBytes(topic, bytes.AsSpan(8));
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8 + topic.Length), -1);
        return bytes;
    }
}
