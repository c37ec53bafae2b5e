using OrleansStream.Groups;

namespace OrleansStream.Server.Tests.Groups;

/// <summary>Who is waited for in a classic group, for how long, and who has to go.</summary>
public sealed class ClassicGroupTimingTests : ClassicGroupLife
{
    [Theory]
    [InlineData(5999, ErrorCode.InvalidSessionTimeout)]
    [InlineData(6000, ErrorCode.None)]
    [InlineData(1_800_000, ErrorCode.None)]
    [InlineData(1_800_001, ErrorCode.InvalidSessionTimeout)]
    public void A_session_timeout_lies_within_limits(int milliseconds, ErrorCode expected)
    {
        Assert.Equal(expected, Group.Join(Request("") with { NewMemberId = "a", SessionTimeout = TimeSpan.FromMilliseconds(milliseconds) }, Now).Error);
    }

    [Fact]
    public void Who_does_not_join_within_the_longest_rebalance_timeout_is_removed()
    {
        Settle("a", "b", "c");
        Group.Join(Request("a", rebalance: 20), Now);
        Group.Join(Request("b", rebalance: 30), Now);

        // The phase began with three members of sixty seconds.
        Pass(RebalanceTimeout - TimeSpan.FromSeconds(1), alive: ["a", "b", "c"]);
        Assert.Equal(GroupState.PreparingRebalance, Group.State);
        Pass(TimeSpan.FromSeconds(1), alive: ["a", "b", "c"]);

        Assert.Equal(GroupState.CompletingRebalance, Group.State);
        Assert.Equal(["a", "b"], Members());
    }

    [Fact]
    public void A_laggard_whose_session_ends_is_waited_for_no_longer()
    {
        Settle("a", "b");
        var a = Rejoin("a");

        Pass(Session, alive: [], repeat: [a]);

        Assert.Equal(["a"], Members());
        Assert.Equal(GroupState.CompletingRebalance, Group.State);
    }

    [Fact]
    public void A_waiting_member_is_alive_as_long_as_it_repeats_its_call()
    {
        Settle("a", "b");
        var a = Rejoin("a");
        Pass(TimeSpan.FromSeconds(30), alive: ["b"], repeat: [a]);
        Assert.Equal(["a", "b"], Members());

        Pass(Session, alive: ["b"]);

        Assert.Equal(["b"], Members());
    }

    [Fact]
    public void Who_never_asks_for_its_assignment_is_removed_after_the_rebalance_timeout()
    {
        Settle("a", "b");
        RejoinAll("a", "b");
        Sync("a", ("a", 1), ("b", 2));

        Pass(RebalanceTimeout, alive: ["a", "b"]);

        Assert.Equal(["a"], Members());
        Assert.Equal(GroupState.PreparingRebalance, Group.State);
    }

    [Fact]
    public void A_leader_that_never_assigns_is_removed_after_the_rebalance_timeout()
    {
        Settle("a", "b");
        RejoinAll("a", "b");

        for (var passed = 0; passed < 60; passed++)
        {
            Sync("b");
            Pass(TimeSpan.FromSeconds(1), alive: ["a"]);
        }

        Assert.Equal(["b"], Members());
        Assert.Equal("b", Group.LeaderId);
    }

    [Fact]
    public void Heartbeats_say_what_a_member_has_to_do()
    {
        Settle("a", "b");
        Assert.Equal(ErrorCode.None, Heartbeat("a"));
        Assert.Equal(ErrorCode.IllegalGeneration, Heartbeat("a", 1));
        Assert.Equal(ErrorCode.UnknownMemberId, Heartbeat("x"));
        RejoinAll("a", "b");
        Assert.Equal(ErrorCode.None, Heartbeat("a"));
        Rejoin("b");
        Join("c");
        Assert.Equal(ErrorCode.RebalanceInProgress, Heartbeat("a"));
    }

    [Fact]
    public void A_silent_member_is_expelled_after_itSession_and_not_before()
    {
        Settle("a", "b");
        Pass(Session - TimeSpan.FromSeconds(1), alive: ["a"]);
        Assert.Equal(["a", "b"], Members());

        Pass(TimeSpan.FromSeconds(1), alive: ["a"]);

        Assert.Equal(["a"], Members());
        Assert.Equal(ErrorCode.RebalanceInProgress, Heartbeat("a"));
    }

    [Fact]
    public void Nobody_is_expelled_for_a_time_in_which_the_process_stood_still()
    {
        Settle("a", "b");
        Group.Expire(Now);
        Now += TimeSpan.FromMinutes(10);

        Assert.Empty(Group.Expire(Now));
    }

    [Fact]
    public void A_leaving_member_begins_a_rebalance_and_the_last_one_leaves_an_emptyGroup()
    {
        Settle("a", "b");
        Assert.Equal([ErrorCode.None], Leave(("a", null)));
        Assert.Equal((GroupState.PreparingRebalance, "b"), (Group.State, Group.LeaderId));
        var generation = Group.Generation;

        Assert.Equal([ErrorCode.None, ErrorCode.UnknownMemberId], Leave(("b", null), ("a", null)));

        Assert.Equal((GroupState.Empty, generation.Next(), null), (Group.State, Group.Generation, Group.LeaderId));
    }

    [Fact]
    public void An_id_that_was_given_out_can_leave()
    {
        Settle("a");
        Join("b", needsId: true);
        Assert.True(Rejoin("a").IsPending);

        Assert.Equal([ErrorCode.None], Leave(("b", null)));

        Assert.Equal(GroupState.CompletingRebalance, Group.State);
    }

    [Fact]
    public void The_first_members_of_an_emptyGroup_are_gathered()
    {
        Options.InitialRebalanceDelay = TimeSpan.FromSeconds(3);
        var a = Join("a");
        Assert.True(a.IsPending);
        Pass(TimeSpan.FromSeconds(2), alive: []);
        Join("b");
        Pass(TimeSpan.FromSeconds(2), alive: []);
        Assert.Equal(GroupState.PreparingRebalance, Group.State);

        Pass(TimeSpan.FromSeconds(2), alive: []);

        Assert.Equal((GroupState.CompletingRebalance, new Generation(1)), (Group.State, Group.Generation));
        Assert.Equal(["a", "b"], Members());
    }

    [Fact]
    public void Gathering_ends_with_the_rebalance_timeout_however_many_arrive()
    {
        Options.InitialRebalanceDelay = TimeSpan.FromSeconds(3);
        for (var second = 0; second < 12; second++)
        {
            Group.Join(Request("", $"m{second}", rebalance: 10), Now);
            Pass(TimeSpan.FromSeconds(1), alive: []);
            if (Group.State == GroupState.CompletingRebalance)
            {
                Assert.InRange(second, 8, 10);
                return;
            }
        }

        Assert.Fail("It never ended.");
    }

    [Fact]
    public void A_fullGroup_takes_nobody_in()
    {
        Options.MaxMembers = 2;
        Settle("a", "b");

        Assert.Equal(ErrorCode.GroupMaxSizeReached, Join("c").Error);
        Assert.Equal(GroupState.Stable, Group.State);
        Rejoin("a");
        Rejoin("b");
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Join("c").Error);
    }

    [Fact]
    public void In_a_join_phase_of_a_fullGroup_a_newcomer_takes_the_place_of_a_laggard()
    {
        Options.MaxMembers = 2;
        Settle("a", "b");
        Rejoin("a");

        Assert.Equal(ErrorCode.None, Join("c").Error);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Rejoin("b").Error);

        Assert.Equal(["a", "c"], Members());
        Assert.Equal(GroupState.CompletingRebalance, Group.State);
    }
}
