using OrleansStream.Groups;
using OrleansStream.Groups.Classic;
using OrleansStream.Server.Groups;
using OrleansStream.Server.Groups.Classic;

namespace OrleansStream.Server.Tests.Groups;

/// <summary>A classic group, its clock, and shorthand for what its members do.</summary>
public abstract class ClassicGroupLife
{
    protected static readonly TimeSpan Session = TimeSpan.FromSeconds(10);
    protected static readonly TimeSpan RebalanceTimeout = TimeSpan.FromSeconds(60);

    protected ClassicGroupOptions Options { get; } = new() { InitialRebalanceDelay = TimeSpan.Zero };
    internal ClassicGroup Group { get; private set; }
    protected TimeSpan Now { get; set; }
    private int _ids;

    protected ClassicGroupLife() => Group = new ClassicGroup(Options, new Generation(0));

    protected void MoveToAnotherCoordinator()
    {
        var document = GroupDocument.Parse((GroupDocument.Empty with { Classic = Group.ToDocument() }).ToJson()).Classic!;
        Group = ClassicGroup.Restore(Options, document, Group.Generation, Now);
    }

    /// <summary>A stable group of members that have joined, the first of which leads.</summary>
    protected void Settle(params string[] ids)
    {
        foreach (var id in ids)
        {
            Join(id);
        }

        RejoinAll(ids);
        SyncAll(ids);
        Assert.Equal(GroupState.Stable, Group.State);
    }

    protected void SettleStatic()
    {
        Group.Join(Request("", "a1", instance: "a"), Now);
        Group.Join(Request("", "b1", instance: "b"), Now);
        Group.Join(Request("a1", instance: "a"), Now);
        SyncAll("a1", "b1");
        Assert.Equal(GroupState.Stable, Group.State);
    }

    protected void RejoinAll(params string[] ids)
    {
        foreach (var id in ids)
        {
            Rejoin(id);
        }

        Assert.Equal(GroupState.CompletingRebalance, Group.State);
    }

    protected void SyncAll(params string[] ids)
    {
        var instance = Group.Members.ToDictionary(member => member.MemberId, member => member.InstanceId);
        var shares = ids.Select((id, at) => (id, (byte)(at + 1))).ToArray();
        foreach (var id in ids)
        {
            Sync(id, instance[id], id == Group.LeaderId ? shares : []);
        }

        foreach (var id in ids)
        {
            Assert.False(Sync(id, instance[id]).IsPending);
        }
    }

    protected ClassicJoinResponse Join(string newId, bool needsId = false) => Group.Join(Request("", newId, needsId: needsId), Now);

    protected ClassicJoinResponse Rejoin(string id) => Group.Join(Request(id, instance: Group.Members.FirstOrDefault(member => member.MemberId == id)?.InstanceId), Now);

    /// <summary>Sends a member's last join again, as its gateway does while it waits.</summary>
    protected ClassicJoinResponse Repeat(string id)
    {
        var member = Group.Members.Single(member => member.MemberId == id);
        return Group.Join(Request(id, instance: member.InstanceId) with { Attempt = member.Attempt }, Now);
    }

    protected ClassicSyncResponse Sync(string id, params (string Id, byte Share)[] shares) => Sync(id, null, shares);

    protected ClassicSyncResponse Sync(string id, string? instance, params (string Id, byte Share)[] shares) => Group.Sync(
        new ClassicSyncRequest(id, Group.Generation, instance, null, null, [.. shares.Select(share => new ClassicAssignment(share.Id, [share.Share]))]), Now);

    protected ErrorCode Heartbeat(string id, int? generation = null, string? instance = null) =>
        Group.Heartbeat(new ClassicIdentity(id, generation is { } number ? new Generation(number) : Group.Generation, instance), Now);

    protected ErrorCode Commit(string id) => Group.CheckCommit(new ClassicIdentity(id, Group.Generation, null), Now);

    protected ErrorCode[] Leave(params (string Id, string? Instance)[] leavers) =>
        Group.Leave(leavers.Select(leaver => new ClassicLeaver(leaver.Id, leaver.Instance)), Now);

    protected string[] Members() => [.. Group.Members.Select(member => member.MemberId)];

    /// <summary>Lets time pass in ticks, with heartbeats of some and repeated joins of others.</summary>
    protected void Pass(TimeSpan time, string[] alive, ClassicJoinResponse[]? repeat = null)
    {
        for (var end = Now + time; Now < end;)
        {
            Now += GroupLimits.TickInterval;
            foreach (var member in Group.Members.Where(member => alive.Contains(member.MemberId)).ToList())
            {
                Heartbeat(member.MemberId, instance: member.InstanceId);
            }

            foreach (var waiting in repeat ?? [])
            {
                Repeat(waiting.MemberId);
            }

            Group.Expire(Now);
        }
    }

    protected ClassicJoinRequest Request(
        string id, string? newId = null, string? instance = null, bool needsId = false, int rebalance = 60, (string Name, byte Metadata)[]? protocols = null) => new(
        Guid.NewGuid(),
        id,
        newId ?? $"new{_ids++}",
        instance,
        "client",
        "/127.0.0.1",
        Session,
        TimeSpan.FromSeconds(rebalance),
        "consumer",
        [.. (protocols ?? [("range", 0), ("sticky", 0)]).Select(protocol => new ClassicProtocol(protocol.Name, [protocol.Metadata]))],
        needsId,
        MaySkipAssignment: false);
}
