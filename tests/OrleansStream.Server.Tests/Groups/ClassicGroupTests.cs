using OrleansStream.Groups;
using OrleansStream.Groups.Classic;

namespace OrleansStream.Server.Tests.Groups;

/// <summary>The rules of joining and assigning in the classic group protocol, one by one.</summary>
public sealed class ClassicGroupTests : ClassicGroupLife
{
    [Fact]
    public void A_new_member_is_given_an_id_first_and_joins_with_it()
    {
        var first = Join("a", needsId: true);
        var joined = Group.Join(Request(first.MemberId), Now);

        Assert.Equal((ErrorCode.MemberIdRequired, "a"), (first.Error, first.MemberId));
        Assert.Equal((ErrorCode.None, false, "a", "a", new Generation(1)), (joined.Error, joined.IsPending, joined.MemberId, joined.LeaderId, joined.Generation));
        Assert.Equal(GroupState.CompletingRebalance, Group.State);
    }

    [Fact]
    public void An_old_client_is_admitted_at_once()
    {
        var joined = Join("a");

        Assert.Equal((ErrorCode.None, "a", "range"), (joined.Error, joined.LeaderId, joined.ProtocolName));
        Assert.Equal(["a"], joined.Members.Select(member => member.MemberId));
    }

    [Fact]
    public void An_id_that_theGroup_never_gave_out_is_unknown()
    {
        Assert.Equal(ErrorCode.UnknownMemberId, Group.Join(Request("stranger"), Now).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, Heartbeat("stranger", 0));
    }

    [Fact]
    public void A_generation_waits_for_an_id_that_was_given_out_until_itSession_would_have_ended()
    {
        Settle("a");
        Join("b", needsId: true);
        var leader = Rejoin("a");

        Assert.True(leader.IsPending);
        Pass(Session, alive: ["a"], repeat: [leader]);

        Assert.Equal(GroupState.CompletingRebalance, Group.State);
        Assert.Equal(ErrorCode.UnknownMemberId, Group.Join(Request("b"), Now).Error);
    }

    [Fact]
    public void A_join_waits_until_all_members_have_joined_again()
    {
        Settle("a");

        var b = Join("b");
        Assert.True(b.IsPending);
        Assert.Equal(GroupState.PreparingRebalance, Group.State);
        Assert.Equal(ErrorCode.RebalanceInProgress, Heartbeat("a"));
        var a = Rejoin("a");

        Assert.Equal((false, new Generation(2), "a"), (a.IsPending, a.Generation, a.LeaderId));
        Assert.Equal(["a", "b"], a.Members.Select(member => member.MemberId));
        var repeated = Repeat("b");
        Assert.Equal((false, new Generation(2), "a", 0), (repeated.IsPending, repeated.Generation, repeated.LeaderId, repeated.Members.Length));
    }

    [Fact]
    public void The_leader_alone_gets_the_members_with_their_metadata_under_the_chosen_assignor()
    {
        Group.Join(Request("", "a", protocols: [("sticky", 1), ("range", 2)]), Now);
        Group.Join(Request("", "b", protocols: [("range", 3), ("sticky", 4)]), Now);
        var a = Group.Join(Request("a", protocols: [("sticky", 5), ("range", 6)]), Now);

        Assert.Equal("range", a.ProtocolName);
        Assert.Equal([(byte)6, 3], a.Members.Select(member => member.Metadata[0]));
    }

    [Fact]
    public void The_assignor_with_most_votes_among_those_all_know_is_chosen()
    {
        Options.InitialRebalanceDelay = TimeSpan.FromSeconds(1);
        Group.Join(Request("", "a", protocols: [("x", 0), ("sticky", 0), ("range", 0)]), Now);
        Group.Join(Request("", "b", protocols: [("sticky", 0), ("range", 0)]), Now);
        Group.Join(Request("", "c", protocols: [("range", 0), ("sticky", 0)]), Now);
        Pass(TimeSpan.FromSeconds(3), alive: []);

        Assert.Equal("sticky", Group.ProtocolName);
    }

    [Fact]
    public void Whoever_shares_no_assignor_or_is_of_another_kind_is_refused()
    {
        Settle("a");

        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Group.Join(Request("", "b", protocols: [("other", 0)]), Now).Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Group.Join(Request("", "b") with { ProtocolType = "connect" }, Now).Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Group.Join(Request("", "b", protocols: []), Now).Error);
        Assert.Equal(GroupState.Stable, Group.State);
    }

    [Fact]
    public void Followers_wait_for_the_leaders_assignment_and_who_is_left_out_gets_nothing()
    {
        Settle("a", "b", "c", "d");
        RejoinAll("a", "b", "c", "d");

        Assert.True(Sync("b").IsPending);
        var turn = Group.Turn;
        var a = Sync("a", ("a", 1), ("b", 2));

        Assert.True(Group.Turn > turn);
        Assert.Equal([1], a.Assignment);
        Assert.Equal([2], Sync("b").Assignment);
        Assert.Empty(Sync("c").Assignment);
        Assert.Equal(GroupState.Stable, Group.State);
    }

    [Fact]
    public void A_sync_is_checked_for_generation_kind_and_assignor()
    {
        Settle("a");

        Assert.Equal(ErrorCode.IllegalGeneration, Group.Sync(new ClassicSyncRequest("a", new Generation(7), null, null, null, []), Now).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, Group.Sync(new ClassicSyncRequest("x", Group.Generation, null, null, null, []), Now).Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Group.Sync(new ClassicSyncRequest("a", Group.Generation, null, "connect", null, []), Now).Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Group.Sync(new ClassicSyncRequest("a", Group.Generation, null, "consumer", "other", []), Now).Error);
        Assert.Equal(ErrorCode.None, Group.Sync(new ClassicSyncRequest("a", Group.Generation, null, "consumer", "range", []), Now).Error);
        Join("b");
        Assert.Equal(ErrorCode.RebalanceInProgress, Sync("a").Error);
    }

    [Fact]
    public void Waiting_for_an_assignment_ends_when_the_generation_does()
    {
        Settle("a", "b");
        RejoinAll("a", "b");
        Assert.True(Sync("b").IsPending);
        var turn = Group.Turn;

        Join("c");

        Assert.True(Group.Turn > turn);
        Assert.Equal(ErrorCode.RebalanceInProgress, Sync("b").Error);
    }

    [Fact]
    public void A_follower_that_joins_a_stableGroup_with_nothing_new_disturbs_nobody()
    {
        Settle("a", "b");

        var b = Rejoin("b");

        Assert.Equal((ErrorCode.None, false, Group.Generation, "a"), (b.Error, b.IsPending, b.Generation, b.LeaderId));
        Assert.Equal(GroupState.Stable, Group.State);
    }

    [Fact]
    public void A_leader_that_joins_again_or_a_changed_subscription_begins_a_rebalance()
    {
        Settle("a", "b");
        Assert.True(Group.Join(Request("b", protocols: [("range", 9)]), Now).IsPending);
        Rejoin("a");
        SyncAll("a", "b");
        Assert.Equal(GroupState.Stable, Group.State);

        Assert.True(Rejoin("a").IsPending);
    }

    [Fact]
    public void A_join_that_is_sent_again_before_the_assignment_gets_the_same_answer()
    {
        Settle("a", "b");
        RejoinAll("a", "b");

        var again = Rejoin("a");

        Assert.Equal((false, Group.Generation, 2), (again.IsPending, again.Generation, again.Members.Length));
        Assert.Equal(GroupState.CompletingRebalance, Group.State);
    }

    [Fact]
    public void A_repeated_attempt_gets_its_answer_and_one_whose_place_another_took_is_told_to_go()
    {
        Settle("a", "b");
        var lost = Request("b", protocols: [("range", 9)]);
        Assert.True(Group.Join(lost, Now).IsPending);
        var retried = lost with { Attempt = Guid.NewGuid() };
        Assert.True(Group.Join(retried, Now).IsPending);
        Rejoin("a");
        SyncAll("a", "b");

        Assert.Equal(ErrorCode.RebalanceInProgress, Group.Join(lost, Now).Error);
        Assert.Equal((false, Group.Generation), (Group.Join(retried, Now).IsPending, Group.Join(retried, Now).Generation));
        Assert.Equal(GroupState.Stable, Group.State);
    }
}
