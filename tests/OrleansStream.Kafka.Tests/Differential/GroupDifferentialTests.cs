using OrleansStream.Kafka.Messages;
using OrleansStream.Kafka.Tests.Hostile;
using Xunit.Abstractions;

namespace OrleansStream.Kafka.Tests.Differential;

/// <summary>
/// The lives of groups, request by request, with Apache Kafka and with us: all that members, static members, outsiders and administrators may ask at
/// the wrong moment or with wrong names, in every version, compared field by field. Ids that brokers make up are compared by whose they are.
/// </summary>
[Collection(GatewayCollection.Name)]
public sealed class GroupDifferentialTests(ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>A case (or <c>*</c>), the fields, and why they differ.</summary>
    private static readonly (string Case, string Fields, string Reason)[] s_exceptions =
    [
        ("*", @"(NodeId|Host|Port)$", "every cluster has its own"),
        ("coordinator", @"ErrorMessage$", "without an error we say nothing; the reference says NONE, or nothing in as many words"),
        ("*", @"AuthorizedOperations$", "groups have no settings here that one could describe or alter"),
        ("no group, list", @"^Groups", "the reference lists groups that somebody was not let into, until it starts again"),
        ("offsets, one below zero", @"ErrorCode$", "the reference stores what no reader can go on from"),
    ];

    private readonly Comparison _comparison = new(s_exceptions);
    private Gateway _gateway = null!;
    private ApacheKafka _reference = null!;
    private GroupSide _ours = null!;
    private GroupSide _theirs = null!;
    private GroupComparison _both = null!;

    public async Task InitializeAsync()
    {
        _gateway = await Gateway.StartAsync(kafka => kafka.AutoCreateTopics = false, server => server.ClassicGroups.InitialRebalanceDelay = TimeSpan.Zero);
        _reference = await ApacheKafka.StartAsync();
        _ours = new GroupSide(_gateway.Port);
        _theirs = new GroupSide(_reference.Port);
        _both = new GroupComparison(_ours, _theirs, _reference, _comparison);
        foreach (var side in new[] { _ours, _theirs })
        {
            var created = await side.AskAsync<CreateTopicsRequest, CreateTopicsResponse>(
                "admin", new() { Topics = [new() { Name = "t", NumPartitions = 2, ReplicationFactor = 1 }, new() { Name = "u", NumPartitions = 1, ReplicationFactor = 1 }], TimeoutMs = 10_000 }, 4);
            Assert.All(created.Topics, topic => Assert.Equal(0, topic.ErrorCode));
        }
    }

    public async Task DisposeAsync()
    {
        _ours.Dispose();
        _theirs.Dispose();
        await _reference.DisposeAsync();
        await _gateway.DisposeAsync();
    }

    [ApacheKafkaFact]
    public async Task Apache_Kafka_answers_the_same()
    {
        for (_both.Level = JoinGroupRequest.Api.MinVersion; _both.Level <= JoinGroupRequest.Api.MaxVersion; _both.Level++)
        {
            _both.Group = $"group-{_both.Level}";
            await BeforeThereIsAGroupAsync();
            await FirstMemberAsync();
            await OffsetsAsync();
            await SecondMemberAsync();
            await AdministrationAsync();
            await AfterItIsEmptyAsync();
            if (_both.Version(JoinGroupRequest.Api) >= 5)
            {
                _both.Group = $"static-{_both.Level}";
                await StaticMembersAsync();
            }
        }

        foreach (var level in new short[] { 2, JoinGroupRequest.Api.MaxVersion })
        {
            (_both.Level, _both.Group) = (level, $"impatient-{level}");
            await ImpatienceAsync();
        }

        output.WriteLine($"{_comparison.Answers} answers compared.");
        _comparison.AssertEqual();
    }

    private async Task BeforeThereIsAGroupAsync()
    {
        _both.Forget();
        await _both.CompareAsync<FindCoordinatorRequest, FindCoordinatorResponse>("coordinator", "admin", _ => new() { Key = _both.Group, CoordinatorKeys = [_both.Group, $"{_both.Group}-2"] });
        await _both.HeartbeatAsync("no group, heartbeat", "a", 1);
        await _both.SyncAsync("no group, sync", "a", 1);
        await _both.LeaveAsync("no group, leave", "a");
        await _both.CommitAsync("no group, commit as a member", "a", 1, ("t", 0, 5));
        await _both.FetchAsync("no group, fetch", "t");
        await _both.FetchAsync("no group, fetch everything", null);
        await _both.DescribeAsync("no group, describe");
        await _both.DeleteAsync("no group, delete");
        await _both.DeleteOffsetsAsync("no group, delete offsets");
        await _both.JoinAsync("join, an unknown id", "a", join => join with { MemberId = "nobody" });
        await _both.JoinAsync("join, a short session", "a", join => join with { SessionTimeoutMs = 5999 });
        await _both.JoinAsync("join, a long session", "a", join => join with { SessionTimeoutMs = 1_800_001 });
        await _both.JoinAsync("join, no group id", "a", join => join with { GroupId = "" });
        await _both.JoinAsync("join, no protocols", "a", join => join with { Protocols = [] });
        await _both.JoinAsync("join, no protocol type", "a", join => join with { ProtocolType = "" });
        await _both.ListAsync("no group, list");
        await WithoutNameAsync();
    }

    private async Task WithoutNameAsync()
    {
        var group = _both.Group;
        _both.Group = "";
        await _both.HeartbeatAsync("no name, heartbeat", "a", 1);
        await _both.SyncAsync("no name, sync", "a", 1);
        await _both.LeaveAsync("no name, leave", "a");
        await _both.DeleteOffsetsAsync("no name, delete offsets");
        _both.Group = group;
    }

    private async Task ImpatienceAsync()
    {
        await _both.EnterAsync("a", join => join with { RebalanceTimeoutMs = 1000 });
        await _both.SyncAsync("impatience, sync", "a", 1, sync => GroupComparison.Assigning(sync, "a"));
        await _both.EnterAsync("b", join => join with { RebalanceTimeoutMs = 1000 });
        await _both.SyncAsync("impatience, the second syncs without the first", "b", 2, sync => GroupComparison.Assigning(sync, "b"));
        await _both.HeartbeatAsync("impatience, heartbeat of the first", "a", 1);
        await _both.DescribeAsync("impatience, describe");

        // The second is silent for longer than its session.
        await Task.Delay(GroupComparison.SessionMs + 2000);
        await _both.HeartbeatAsync("impatience, heartbeat of the second", "b", 2);
        await _both.DescribeAsync("impatience, describe when nobody is left");
        if (_both.Version(JoinGroupRequest.Api) >= 4)
        {
            await _both.JoinAsync("impatience, somebody asks for an id", "c", join => join);
            await _both.LeaveAsync("impatience, and leaves with it", "c");
            await _both.JoinAsync("impatience, and comes back with it", "c", join => join);
        }
    }

    private async Task FirstMemberAsync()
    {
        await _both.EnterAsync("a");
        await _both.HeartbeatAsync("one member, heartbeat before the sync", "a", 1);
        await _both.CommitAsync("one member, commit before the sync", "a", 1, ("t", 0, 5));
        await _both.DescribeAsync("one member, describe before the sync");
        await _both.SyncAsync("one member, sync of another generation", "a", 2);
        await _both.SyncAsync("one member, sync by a stranger", "nobody", 1);
        await _both.SyncAsync("one member, sync of another kind", "a", 1, sync => sync with { ProtocolType = "connect" });
        await _both.SyncAsync("one member, sync of another protocol", "a", 1, sync => sync with { ProtocolName = "sticky" });
        await _both.SyncAsync("one member, sync", "a", 1, sync => GroupComparison.Assigning(sync, "a"));
        await _both.SyncAsync("one member, sync again", "a", 1);
        await _both.HeartbeatAsync("one member, heartbeat", "a", 1);
        await _both.HeartbeatAsync("one member, heartbeat of another generation", "a", 0);
        await _both.HeartbeatAsync("one member, heartbeat of a later generation", "a", 2);
        await _both.HeartbeatAsync("one member, heartbeat of a stranger", "nobody", 1);
        await _both.DescribeAsync("one member, describe");
        await _both.ListAsync("one member, list");
        await _both.ListAsync("one member, list the stable ones", "Stable");
        await _both.ListAsync("one member, list the empty ones", "Empty");
    }

    private async Task OffsetsAsync()
    {
        await _both.CommitAsync("offsets, commit", "a", 1, ("t", 0, 5), ("t", 1, 0), ("u", 0, 7));
        await _both.CommitAsync("offsets, of another generation", "a", 2, ("t", 0, 6));
        await _both.CommitAsync("offsets, by a stranger", "nobody", 1, ("t", 0, 6));
        await _both.CommitAsync("offsets, from outside", "", -1, ("t", 0, 6));
        await _both.CommitAsync("offsets, of no topic", "a", 1, ("nowhere", 0, 1));
        await _both.CommitAsync("offsets, of no partition", "a", 1, ("t", 99, 1));
        await _both.CommitAsync("offsets, one below zero", "a", 1, ("u", 0, -2));
        await _both.CommitAsync("offsets, much metadata", "a", 1, commit => commit with { Topics = [new() { Name = "u", Partitions = [new() { CommittedOffset = 1, CommittedMetadata = new string('m', 4097) }] }] });
        await _both.CommitAsync("offsets, as much metadata as may be", "a", 1, commit => commit with { Topics = [new() { Name = "u", Partitions = [new() { CommittedOffset = 7, CommittedMetadata = new string('m', 4096) }] }] });
        await _both.CommitAsync("offsets, none", "a", 1);
        await _both.CommitAsync("offsets, no group id", "a", 1, commit => commit with { GroupId = "" });
        await _both.FetchAsync("offsets, fetch", "t");
        await _both.FetchAsync("offsets, fetch of no topic", "nowhere");
        await _both.FetchAsync("offsets, fetch everything", null);
    }

    private async Task SecondMemberAsync()
    {
        await _both.JoinAsync("two members, another kind", "b", join => join with { ProtocolType = "connect" });
        await _both.JoinAsync("two members, other protocols", "b", join => join with { Protocols = [new() { Name = "sticky", Metadata = GroupComparison.Subscription("t") }] });
        var entering = _both.EnterAsync("b");
        await _both.RebalancingAsync("a", 1);
        await _both.CommitAsync("two members, commit in a rebalance", "a", 1, ("t", 0, 8));
        await _both.SyncAsync("two members, sync in a rebalance", "a", 1);
        await _both.DescribeAsync("two members, describe in a rebalance", withMembers: false);
        await _both.JoinAsync("two members, the first joins again", "a", join => join);
        await entering;
        var follower = _both.SyncAsync("two members, the second syncs", "b", 2);
        await _both.HeartbeatAsync("two members, heartbeat before the sync", "a", 2);
        await _both.SyncAsync("two members, the first syncs", "a", 2, sync => GroupComparison.Assigning(sync, "a", "b"));
        await follower;
        await _both.DescribeAsync("two members, describe");
        await _both.JoinAsync("two members, the second joins again", "b", join => join);
        await _both.HeartbeatAsync("two members, nothing happened", "a", 2);

        var changing = _both.JoinAsync("two members, the second wants something else", "b", join => GroupComparison.Wanting(join, "u"));
        await _both.RebalancingAsync("a", 2);
        await _both.JoinAsync("two members, and the first joins", "a", join => join);
        await changing;
        await _both.SyncAsync("two members, the first syncs generation 3", "a", 3, sync => GroupComparison.Assigning(sync, "a", "b"));
        await _both.SyncAsync("two members, the second syncs generation 3", "b", 3);

        var leading = _both.JoinAsync("two members, the leader joins again", "a", join => join);
        await _both.RebalancingAsync("b", 3);
        await _both.JoinAsync("two members, and the second joins", "b", join => GroupComparison.Wanting(join, "u"));
        await leading;
        await _both.SyncAsync("two members, the first syncs generation 4", "a", 4, sync => GroupComparison.Assigning(sync, "a", "b"));
        await _both.SyncAsync("two members, the second syncs generation 4", "b", 4);
    }

    private async Task AdministrationAsync()
    {
        await _both.DeleteAsync("administration, delete a group with members");
        await _both.DeleteOffsetsAsync("administration, delete offsets of a topic that is read");
        await _both.LeaveAsync("administration, a stranger leaves", "nobody");
        await _both.LeaveAsync("administration, the second leaves", "b");
        await _both.HeartbeatAsync("administration, heartbeat of who left", "b", 4);
        await _both.HeartbeatAsync("administration, heartbeat after one left", "a", 4);
        await _both.JoinAsync("administration, the one who stayed joins again", "a", join => join);
        await _both.SyncAsync("administration, and syncs", "a", 5, sync => GroupComparison.Assigning(sync, "a"));
        await _both.DeleteOffsetsAsync("administration, delete offsets of a topic that is not read", "u");
        await _both.FetchAsync("administration, fetch everything", null);
        await _both.LeaveAsync("administration, the last one leaves", "a");
    }

    private async Task AfterItIsEmptyAsync()
    {
        await _both.DescribeAsync("empty, describe");
        await _both.ListAsync("empty, list");
        await _both.HeartbeatAsync("empty, heartbeat", "a", 5);
        await _both.CommitAsync("empty, commit from outside", "", -1, ("t", 0, 9));
        await _both.CommitAsync("empty, commit as a member", "a", 5, ("t", 0, 10));
        await _both.CommitAsync("empty, commit from outside with an id", "a", -1, ("t", 0, 11));
        await _both.FetchAsync("empty, fetch", "t");
        await _both.DeleteOffsetsAsync("empty, delete offsets", "t", "nowhere");
        await _both.DeleteAsync("empty, delete");
        await _both.DescribeAsync("deleted, describe");
        await _both.FetchAsync("deleted, fetch", "t");
    }

    private async Task StaticMembersAsync()
    {
        static JoinGroupRequest AsInstance(JoinGroupRequest join) => join with { GroupInstanceId = "i" };
        await _both.JoinAsync("static, join", "s", AsInstance);
        await _both.SyncAsync("static, sync", "s", 1, sync => GroupComparison.Assigning(sync, "s") with { GroupInstanceId = "i" });
        await _both.HeartbeatAsync("static, heartbeat", "s", 1, "i");
        await _both.HeartbeatAsync("static, heartbeat without its name", "s", 1);
        await _both.HeartbeatAsync("static, heartbeat of another name", "s", 1, "j");
        await _both.DescribeAsync("static, describe");
        _both.Rename("s", "old");
        await _both.JoinAsync("static, its next life", "s", AsInstance);
        await _both.DescribeAsync("static, describe the next life");
        await _both.SyncAsync("static, sync of the next life", "s", 1, sync => GroupComparison.Assigning(sync, "s") with { GroupInstanceId = "i" });
        await _both.HeartbeatAsync("static, heartbeat of the next life", "s", 1, "i");
        await _both.HeartbeatAsync("static, heartbeat of the life before", "old", 1, "i");
        await _both.HeartbeatAsync("static, heartbeat of the life before without its name", "old", 1);
        await _both.CommitAsync("static, commit of the life before", "old", 1, commit => commit with { GroupInstanceId = "i", Topics = [GroupComparison.Committed("t", 0, 1)] });
        await _both.CommitAsync("static, commit", "s", 1, commit => commit with { GroupInstanceId = "i", Topics = [GroupComparison.Committed("t", 0, 1)] });
        await _both.SyncAsync("static, sync of the life before", "old", 1, sync => sync with { GroupInstanceId = "i" });
        await _both.JoinAsync("static, join of the life before", "old", join => AsInstance(join));
        await _both.JoinAsync("static, join again", "s", AsInstance);
        await _both.LeaveAsync("static, leave by another name", side => [new() { MemberId = "", GroupInstanceId = "j" }]);
        await _both.LeaveAsync("static, leave of the life before", side => [new() { MemberId = side.IdOf("old"), GroupInstanceId = "i" }]);
        await _both.LeaveAsync("static, leave by name", side => [new() { MemberId = "", GroupInstanceId = "i" }, new() { MemberId = "nobody" }]);
        await _both.DescribeAsync("static, describe when it has left");
        await _both.DeleteAsync("static, delete");
    }
}
