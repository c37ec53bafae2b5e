using OrleansStream.Groups;
using OrleansStream.Groups.Classic;
using OrleansStream.Server.Groups;

namespace OrleansStream.Server.Tests.Groups;

/// <summary>Static members, commits, and moves of the coordinator of a classic group.</summary>
public sealed class ClassicStaticMemberTests : ClassicGroupLife
{
    [Fact]
    public void A_static_member_is_admitted_without_an_id_and_its_next_life_takes_over_without_a_rebalance()
    {
        var first = Group.Join(Request("", "a1", instance: "a", needsId: true), Now);
        Assert.Equal((ErrorCode.None, "a1"), (first.Error, first.MemberId));
        Group.Join(Request("", "b1", instance: "b", needsId: true), Now);
        Group.Join(Request("a1", instance: "a"), Now);
        SyncAll("a1", "b1");
        var generation = Group.Generation;

        var second = Group.Join(Request("", "b2", instance: "b", needsId: true), Now);

        Assert.Equal((ErrorCode.None, false, "b2", generation, "a1"), (second.Error, second.IsPending, second.MemberId, second.Generation, second.LeaderId));
        Assert.Equal(GroupState.Stable, Group.State);
        Assert.Equal([2], Sync("b2", instance: "b").Assignment);
        Assert.Equal(ErrorCode.FencedInstanceId, Heartbeat("b1", instance: "b"));
        Assert.Equal(ErrorCode.FencedInstanceId, Sync("b1", instance: "b").Error);
        Assert.Equal(ErrorCode.FencedInstanceId, Group.Join(Request("b1", instance: "b"), Now).Error);
        Assert.Equal(ErrorCode.FencedInstanceId, Group.CheckCommit(new ClassicIdentity("b1", generation, "b"), Now));
        Assert.Equal([ErrorCode.FencedInstanceId], Leave(("b1", "b")));
    }

    [Theory]
    [InlineData(false, "a1", false, 0)]
    [InlineData(true, "a2", true, 2)]
    public void A_static_leaders_next_life_assigns_nothing(bool maySkip, string leader, bool skips, int members)
    {
        SettleStatic();

        var next = Group.Join(Request("", "a2", instance: "a") with { MaySkipAssignment = maySkip }, Now);

        Assert.Equal((leader, skips, members), (next.LeaderId, next.SkipAssignment, next.Members.Length));
        Assert.Equal(("a2", GroupState.Stable), (Group.LeaderId, Group.State));
    }

    [Fact]
    public void A_static_members_next_life_that_changes_the_choice_of_the_assignor_begins_a_rebalance()
    {
        SettleStatic();

        Assert.True(Group.Join(Request("", "b2", instance: "b", protocols: [("sticky", 0)]), Now).IsPending);

        Assert.Equal(GroupState.PreparingRebalance, Group.State);
    }

    [Fact]
    public void A_static_member_that_returns_while_the_leader_assigns_begins_a_rebalance()
    {
        SettleStatic();
        Group.Join(Request("b1", instance: "b", protocols: [("range", 9)]), Now);
        Group.Join(Request("a1", instance: "a"), Now);
        Assert.Equal(GroupState.CompletingRebalance, Group.State);

        Assert.True(Group.Join(Request("", "b2", instance: "b"), Now).IsPending);

        Assert.Equal(GroupState.PreparingRebalance, Group.State);
    }

    [Fact]
    public void Two_lives_of_a_static_member_that_wait_do_not_fence_each_other_in_turns()
    {
        SettleStatic();
        Group.Join(Request("a1", instance: "a"), Now);
        var older = Request("", "b2", instance: "b");
        Group.Join(older, Now);
        var newer = Request("", "b3", instance: "b");
        Group.Join(newer, Now);

        Assert.Equal(ErrorCode.FencedInstanceId, Group.Join(older, Now).Error);
        Assert.Equal(ErrorCode.None, Group.Join(newer, Now).Error);
    }

    [Fact]
    public void A_static_member_that_does_not_join_keeps_its_place_until_itSession_ends()
    {
        SettleStatic();
        var a = Group.Join(Request("a1", instance: "a"), Now);
        Assert.True(a.IsPending);
        for (var second = 0; second < 60; second++)
        {
            Repeat("a1");
            Pass(TimeSpan.FromSeconds(1), alive: ["b1"]);
        }

        Assert.Equal(GroupState.CompletingRebalance, Group.State);
        Assert.Equal(["a1", "b1"], Members());
        Pass(Session, alive: ["a1"]);
        Assert.Equal(["a1"], Members());
    }

    [Fact]
    public void An_administrator_removes_a_static_member_by_its_instance_id_alone()
    {
        SettleStatic();

        Assert.Equal([ErrorCode.UnknownMemberId, ErrorCode.None], Leave(("", "x"), ("", "b")));

        Assert.Equal(["a1"], Members());
        Assert.Equal(GroupState.PreparingRebalance, Group.State);
    }

    [Fact]
    public void Members_commit_under_their_generation_and_outsiders_while_there_are_no_members()
    {
        var outside = new ClassicIdentity("", Generation.None, null);
        Assert.Equal(ErrorCode.None, Group.CheckCommit(outside, Now));
        Settle("a", "b");

        Assert.Equal(ErrorCode.UnknownMemberId, Group.CheckCommit(outside, Now));
        Assert.Equal(ErrorCode.None, Commit("a"));
        Assert.Equal(ErrorCode.IllegalGeneration, Group.CheckCommit(new ClassicIdentity("a", new Generation(1), null), Now));
        Assert.Equal(ErrorCode.UnknownMemberId, Commit("x"));
        Join("c");
        Assert.Equal(ErrorCode.None, Commit("a"));
        RejoinAll("a", "b");
        Assert.Equal(ErrorCode.RebalanceInProgress, Commit("a"));
    }

    [Fact]
    public void Another_coordinator_goes_on_in_the_same_generation_and_members_notice_nothing()
    {
        SettleStatic();
        var generation = Group.Generation;

        MoveToAnotherCoordinator();

        Assert.Equal((GroupState.Stable, generation, "a1"), (Group.State, Group.Generation, Group.LeaderId));
        Assert.Equal(ErrorCode.None, Heartbeat("b1", instance: "b"));
        Assert.Equal([2], Sync("b1", instance: "b").Assignment);
        Assert.Equal(ErrorCode.None, Group.CheckCommit(new ClassicIdentity("a1", generation, "a"), Now));
        Pass(Session + GroupLimits.MaxUnverified, alive: ["a1"]);
        Assert.Equal(["a1"], Members());
    }

    [Fact]
    public void Another_coordinator_takes_the_assignment_of_a_generation_that_the_former_one_began()
    {
        Settle("a", "b");
        RejoinAll("a", "b");

        MoveToAnotherCoordinator();
        Assert.True(Sync("b").IsPending);
        Sync("a", ("a", 1), ("b", 2));

        Assert.Equal([2], Sync("b").Assignment);
    }

    [Fact]
    public void Another_coordinator_begins_a_join_phase_anew()
    {
        Settle("a", "b");
        Rejoin("a");

        MoveToAnotherCoordinator();
        Assert.Equal(GroupState.PreparingRebalance, Group.State);
        Assert.True(Rejoin("a").IsPending);

        Assert.False(Rejoin("b").IsPending);
    }
}
