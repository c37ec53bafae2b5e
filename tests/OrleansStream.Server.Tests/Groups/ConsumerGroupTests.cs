using OrleansStream.Groups;
using OrleansStream.Server.Groups;

namespace OrleansStream.Server.Tests.Groups;

/// <summary>The rules of membership, one by one.</summary>
public sealed class ConsumerGroupTests
{
    private readonly GroupTopic _orders = new("orders", Guid.NewGuid(), 4);
    private readonly ConsumerGroup _group = new(new Generation(0));
    private TimeSpan _now;

    [Fact]
    public void The_first_member_gets_everything_under_the_first_generation()
    {
        var joined = Join("a");

        Assert.Equal(new Generation(1), joined.Generation);
        Assert.Equal([0, 1, 2, 3], Numbers(joined));
        Assert.Equal(GroupState.Stable, _group.State);
        Assert.Equal(TimeSpan.FromSeconds(1), joined.NextHeartbeat);
    }

    [Fact]
    public void A_member_is_asked_for_heartbeats_at_least_three_times_per_session()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(500), Join("a", session: TimeSpan.FromMilliseconds(1500)).NextHeartbeat);
    }

    [Fact]
    public void A_repeated_join_changes_nothing()
    {
        var joined = Join("a");

        Assert.Equivalent(joined, Join("a"));
    }

    [Fact]
    public void A_partition_is_granted_only_after_its_owner_reported_that_it_let_go()
    {
        var a = Join("a");
        Assert.Empty(Join("b").Assignment);
        a = Beat("a", a);
        Assert.Equal([0, 1], Numbers(a));

        Assert.Empty(Beat("b", _group.Generation).Assignment);
        Beat("a", a.Generation, 0, 1, 2, 3);
        Assert.Empty(Beat("b", _group.Generation).Assignment);
        Beat("a", a.Generation, 0, 1, 3);
        Assert.Equal([2], Numbers(Beat("b", _group.Generation)));
        Beat("a", a.Generation, 0, 1);
        Assert.Equal([2, 3], Numbers(Beat("b", _group.Generation, 2)));
    }

    [Fact]
    public void A_report_from_before_the_revocation_was_told_releases_nothing()
    {
        var a = Join("a");
        Join("b");

        // Sent before the answer that granted everything arrived, perhaps: it proves nothing about what happens after it.
        Beat("a", a.Generation);

        Assert.Empty(Beat("b", _group.Generation).Assignment);
    }

    [Fact]
    public void Heartbeats_are_quick_for_those_who_give_and_those_who_wait_and_slow_for_the_others()
    {
        var a = Join("a");
        var b = Join("b");
        var told = Beat("a", a);

        Assert.Equal(GroupLimits.ReconcilingInterval, b.NextHeartbeat);
        Assert.Equal(GroupLimits.ReconcilingInterval, told.NextHeartbeat);
        Assert.Equal(GroupLimits.HeartbeatInterval, Beat("a", told).NextHeartbeat);
        Assert.Equal(GroupLimits.HeartbeatInterval, Beat("b", b).NextHeartbeat);
    }

    [Fact]
    public void A_change_of_mind_before_the_release_leaves_the_partition_where_it_is()
    {
        var a = Join("a");
        Join("b");
        a = Beat("a", a);
        _group.Leave("b");

        // It arrives late, and says that everything but 0 and 1 was let go of.
        a = Beat("a", a);

        Assert.Equal([0, 1, 2, 3], Numbers(a));
        Assert.Equal(GroupState.Stable, _group.State);
    }

    [Fact]
    public void A_leaving_member_frees_its_partitions_at_once()
    {
        Settle("a", "b");

        _group.Leave("a");

        Assert.Equal([0, 1, 2, 3], Numbers(Beat("b", _group.Generation, 2, 3)));
    }

    [Fact]
    public void The_last_member_to_leave_leaves_an_empty_group_whose_generations_go_on()
    {
        Join("a");
        var before = _group.Generation;

        _group.Leave("a");
        _group.Leave("nobody");

        Assert.Equal(GroupState.Empty, _group.State);
        Assert.True(Join("b").Generation > before.Next());
    }

    [Fact]
    public void A_silent_member_is_expelled_after_its_session_timeout_and_not_before()
    {
        Join("a", session: TimeSpan.FromSeconds(10));
        Join("b", session: TimeSpan.FromSeconds(30));

        Assert.Empty(Pass(TimeSpan.FromSeconds(9.5)));
        Assert.Equal(["a"], Pass(TimeSpan.FromSeconds(0.5)));

        Assert.Equal(ErrorCode.UnknownMemberId, Beat("a", new Generation(1)).Error);
        Assert.Equal([0, 1, 2, 3], Numbers(Beat("b", _group.Generation)));
    }

    [Fact]
    public void Nobody_is_expelled_for_a_time_in_which_the_coordinator_could_not_hear()
    {
        Join("a", session: TimeSpan.FromSeconds(10));
        Pass(TimeSpan.FromSeconds(5));

        _now += TimeSpan.FromMinutes(10);
        Assert.Empty(_group.Expire(_now));

        // Two ticks of the gap count as heard, so six seconds of silence are on the clock now.
        Assert.Empty(Pass(TimeSpan.FromSeconds(3.5)));
        Assert.Equal(["a"], Pass(TimeSpan.FromSeconds(0.5)));
    }

    [Fact]
    public void A_member_that_does_not_let_go_loses_the_partition_after_its_rebalance_timeout_and_nothing_else()
    {
        var a = Join("a", rebalance: TimeSpan.FromSeconds(5));
        Join("b", session: TimeSpan.FromMinutes(1));
        a = Beat("a", a);
        Beat("a", a.Generation, 0, 1, 2, 3);

        Pass(TimeSpan.FromSeconds(4.5));
        Beat("a", a.Generation, 0, 1, 2, 3);
        Assert.Empty(Beat("b", _group.Generation).Assignment);
        Pass(TimeSpan.FromSeconds(1));

        Assert.Equal([2, 3], Numbers(Beat("b", _group.Generation)));
        Assert.Equal([0, 1], Numbers(Beat("a", a.Generation, 0, 1, 2, 3)));
        Assert.Equal(ErrorCode.RebalanceInProgress, Commit("a", a.Generation, 1, (2, 5)).Error);
    }

    [Fact]
    public void The_rebalance_timeout_does_not_run_before_the_member_showed_that_it_knows()
    {
        var a = Join("a", session: TimeSpan.FromMinutes(5), rebalance: TimeSpan.FromSeconds(5));
        Join("b", session: TimeSpan.FromMinutes(5));

        // The answers get lost: it goes on reporting under the old generation.
        for (var n = 0; n < 20; n++)
        {
            Beat("a", a.Generation, 0, 1, 2, 3);
            Pass(TimeSpan.FromSeconds(1));
        }

        Assert.Empty(Beat("b", _group.Generation).Assignment);
    }

    [Fact]
    public void A_static_member_takes_over_from_its_predecessor_without_moving_anything()
    {
        Join("other");
        var old = Join("old", instance: "i");
        Beat("other", Beat("other", _group.Generation, 0, 1, 2, 3));
        old = Beat("old", old);
        Assert.Equal(2, old.Assignment.Length);

        var successor = Join("new", instance: "i");

        Assert.Equal(old.Generation, successor.Generation);
        Assert.Equal(old.Assignment, successor.Assignment);
        Assert.Equal(ErrorCode.FencedInstanceId, Beat("old", old).Error);
        Assert.Equal(ErrorCode.FencedInstanceId, Commit("old", old.Generation, 1, (Numbers(old)[0], 5)).Error);
        Assert.Equal(ErrorCode.FencedInstanceId, Join("old", instance: "i").Error);
        Assert.Equal(["new", "other"], _group.Members.Select(member => member.MemberId));
    }

    [Fact]
    public void A_static_member_that_is_silent_too_long_is_expelled_like_any_other_and_may_come_back()
    {
        Join("old", instance: "i", session: TimeSpan.FromSeconds(1));

        Assert.Equal(["old"], Pass(TimeSpan.FromSeconds(2)));

        Assert.Equal(ErrorCode.UnknownMemberId, Beat("old", new Generation(1)).Error);
        Assert.Equal([0, 1, 2, 3], Numbers(Join("old", instance: "i")));
    }

    [Fact]
    public void Added_partitions_are_given_to_whoever_has_least()
    {
        Settle("a", "b", "c");
        var generation = _group.Generation;

        _group.UpdateTopics(Catalog(_orders with { PartitionCount = 6 }));

        Assert.Equal(generation.Next(), _group.Generation);
        Assert.All(_group.Members, member => Assert.Equal(2, member.Target.Length));
    }

    [Fact]
    public void A_refresh_that_brings_no_news_changes_nothing()
    {
        Join("a");
        var (generation, revision) = (_group.Generation, _group.Revision);

        _group.UpdateTopics(Catalog(_orders));

        Assert.Equal((generation, revision), (_group.Generation, _group.Revision));
    }

    [Fact]
    public void A_topic_created_anew_is_granted_after_the_old_ones_partitions_were_let_go_of()
    {
        var a = Join("a");
        var anew = new GroupTopic("orders", Guid.NewGuid(), 1);
        _group.UpdateTopics(Catalog(anew));
        a = Beat("a", a);
        Assert.Empty(a.Assignment);
        Assert.Equal(_orders.TopicId, Assert.Single(Commit("a", a.Generation, 1, (0, 5)).Offsets).Key.TopicId);

        var granted = Beat("a", a);

        Assert.Equal(anew.TopicId, Assert.Single(granted.Assignment).Partition.TopicId);
        Assert.Equal(ErrorCode.IllegalGeneration, Commit("a", a.Generation, 2, (0, 6)).Error);
    }

    [Fact]
    public void A_topic_that_does_not_exist_yet_is_no_error_and_no_partitions()
    {
        var joined = _group.Join(Request("a", topics: ["later"]), new Dictionary<string, GroupTopic?> { ["later"] = null }, _now);
        Assert.Equal((ErrorCode.None, 0), (joined.Error, joined.Assignment.Length));

        _group.UpdateTopics(Catalog(new GroupTopic("later", Guid.NewGuid(), 2)));

        Assert.Equal([0, 1], Numbers(Beat("a", joined)));
    }

    [Fact]
    public void Partitions_go_only_to_those_who_subscribed_to_their_topic()
    {
        var topics = Catalog(_orders, new GroupTopic("payments", Guid.NewGuid(), 4));
        _group.Join(Request("a", topics: ["orders"]), topics, _now);
        _group.Join(Request("b", topics: ["orders", "payments"]), topics, _now);

        Assert.All(_group.Members.First().Target, partition => Assert.Equal("orders", partition.TopicPartition.Topic));
        Assert.All(_group.Members, member => Assert.Equal(4, member.Target.Length));
    }

    [Fact]
    public void An_old_join_that_arrives_late_does_not_bring_an_old_subscription_back()
    {
        var topics = Catalog(_orders, new GroupTopic("payments", Guid.NewGuid(), 4));
        _group.Join(Request("a", topics: ["orders"]) with { Sequence = 1 }, topics, _now);
        _group.Join(Request("a", topics: ["payments"]) with { Sequence = 2 }, topics, _now);

        _group.Join(Request("a", topics: ["orders"]) with { Sequence = 1 }, topics, _now);

        Assert.Equal(["payments"], _group.Members.Single().Topics);
    }

    [Fact]
    public void A_heartbeat_of_a_generation_that_never_was_ends_the_membership()
    {
        Join("a");

        Assert.Equal(ErrorCode.UnknownMemberId, Beat("a", new Generation(77)).Error);
    }

    [Fact]
    public void A_restored_group_is_the_same_but_for_its_generation_and_gives_everybody_time()
    {
        Settle("a", "b");
        Join("c", instance: "i");
        var document = GroupDocument.Parse(_group.ToDocument().ToJson());

        var restored = ConsumerGroup.Restore(document, _group.Generation, TimeSpan.Zero);

        Assert.Equal(_group.Generation.Next(), restored.Generation);
        Assert.Equal(1, restored.Revision);
        Assert.Equal(_group.ToDocument().ToJson(), restored.ToDocument().ToJson());
        Assert.Empty(restored.Expire(TimeSpan.FromSeconds(9)));
        Assert.Equal(ErrorCode.IllegalGeneration, restored.Commit(CommitRequest("a", _group.Generation, 9, (0, 5))).Error);
        Assert.Equal(ErrorCode.IllegalGeneration, restored.Commit(CommitRequest("a", Generation.None, 9, (0, 5))).Error);
    }

    [Fact]
    public void A_release_reported_under_a_generation_from_before_the_restart_is_not_believed()
    {
        Join("a");
        Join("b");
        var restored = ConsumerGroup.Restore(_group.ToDocument(), _group.Generation, TimeSpan.Zero);

        restored.Heartbeat(new HeartbeatRequest("a", _group.Generation, []), TimeSpan.Zero);
        Assert.Empty(restored.Heartbeat(new HeartbeatRequest("b", _group.Generation, []), TimeSpan.Zero).Assignment);
        restored.Heartbeat(new HeartbeatRequest("a", restored.Generation, []), TimeSpan.Zero);

        Assert.Equal([2, 3], Numbers(restored.Heartbeat(new HeartbeatRequest("b", restored.Generation, []), TimeSpan.Zero)));
    }

    [Fact]
    public void The_owner_commits_under_its_generation_and_only_what_it_owns()
    {
        var a = Join("a");
        Assert.Equal(ErrorCode.None, Commit("a", a.Generation, 1, (0, 5), (3, 7)).Error);
        Join("b");
        a = Beat("a", a);

        Assert.Equal(ErrorCode.None, Commit("a", a.Generation, 2, (3, 8)).Error);
        a = Beat("a", a);

        Assert.Equal(ErrorCode.RebalanceInProgress, Commit("a", a.Generation, 3, (0, 6), (3, 9)).Error);
        Assert.Equal(ErrorCode.IllegalGeneration, Commit("a", new Generation(1), 3, (0, 6)).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, Commit("nobody", a.Generation, 3, (0, 6)).Error);
        Assert.Equal(ErrorCode.RebalanceInProgress, Commit("a", a.Generation, 3, (99, 6)).Error);
        Assert.Equal(
            ErrorCode.UnknownTopicOrPartition,
            _group.Commit(new CommitRequest("a", a.Generation, [new(new TopicPartition("nothing", 0), new Offset(1), "", LeaderEpoch.None)], 4)).Error);
    }

    [Fact]
    public void An_owner_may_commit_backwards_but_a_commit_that_was_overtaken_counts_for_nothing()
    {
        var a = Join("a");
        Commit("a", a.Generation, 5, (0, 50));

        Assert.Equal((0, 20L), Assert.Single(Committed(Commit("a", a.Generation, 7, (0, 20)))));
        var late = Commit("a", a.Generation, 6, (0, 30), (1, 30));

        Assert.Equal(ErrorCode.None, late.Error);
        Assert.Equal([(1, 30L)], Committed(late));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1801)]
    public void A_session_timeout_out_of_range_is_refused(double seconds) =>
        Assert.Equal(ErrorCode.InvalidSessionTimeout, Join("a", session: TimeSpan.FromSeconds(seconds)).Error);

    [Fact]
    public void Malformed_joins_are_refused_and_leave_no_member()
    {
        Assert.Equal(ErrorCode.InvalidRequest, Join("").Error);
        Assert.Equal(ErrorCode.InvalidRequest, Join(new string('x', 250)).Error);
        Assert.Equal(ErrorCode.InvalidRequest, Join("a", instance: "").Error);
        Assert.Equal(ErrorCode.InvalidRequest, Join("a", rebalance: TimeSpan.Zero).Error);
        Assert.Equal(ErrorCode.InvalidRequest, JoinTopics([]).Error);
        Assert.Equal(ErrorCode.InvalidRequest, JoinTopics([.. Enumerable.Range(0, GroupLimits.MaxTopicsPerMember + 1).Select(n => $"t{n}")]).Error);
        Assert.Equal(ErrorCode.InvalidTopic, JoinTopics(["no spaces"]).Error);
        Assert.Empty(_group.Members);

        MembershipResponse JoinTopics(string[] topics) => _group.Join(Request("a", topics: topics), Catalog(), _now);
    }

    [Fact]
    public void A_member_cannot_change_its_instance_id()
    {
        Join("a", instance: "i");

        Assert.Equal(ErrorCode.InvalidRequest, Join("a").Error);
    }

    [Fact]
    public void A_full_group_takes_nobody_but_successors_of_its_own()
    {
        Join("old", instance: "i");
        for (var n = 1; n < GroupLimits.MaxMembers; n++)
        {
            Join($"m{n}");
        }

        Assert.Equal(ErrorCode.GroupMaxSizeReached, Join("late").Error);
        Assert.Equal(ErrorCode.None, Join("new", instance: "i").Error);
        Assert.Equal(ErrorCode.None, Join("m7").Error);
    }

    [Theory]
    [InlineData("group", true)]
    [InlineData("my group/ä €\U0001F600", true)]
    [InlineData("", false)]
    [InlineData("a\tb", false)]
    [InlineData("a\0", false)]
    public void Group_ids_hold_what_can_be_stored_and_shown(string id, bool isValid) => Assert.Equal(isValid, GroupRules.CheckGroupId(id) is null);

    [Fact]
    public void Half_a_character_is_no_part_of_a_group_id()
    {
        // Made here, since attributes are stored in an encoding that replaces them.
        Assert.NotNull(GroupRules.CheckGroupId("\ud800"));
        Assert.NotNull(GroupRules.CheckGroupId("\udc00a"));
    }

    [Fact]
    public void Offsets_that_make_no_sense_are_refused()
    {
        CommittedOffset sound = new(new TopicPartition("t", 0), new Offset(1), new string('x', ProtocolLimits.MaxOffsetMetadataLength), LeaderEpoch.None);

        Assert.Null(GroupRules.Check([sound], mayForget: false));
        Assert.Equal(ErrorCode.OffsetMetadataTooLarge, GroupRules.Check([sound with { Metadata = sound.Metadata + "x" }], mayForget: false)!.Error);
        Assert.Equal(ErrorCode.InvalidRequest, GroupRules.Check([sound with { Offset = Offset.None }], mayForget: false)!.Error);
        Assert.Null(GroupRules.Check([sound with { Offset = Offset.None }], mayForget: true));
        Assert.Equal(ErrorCode.InvalidRequest, GroupRules.Check([sound with { Offset = new Offset(-2) }], mayForget: true)!.Error);
        Assert.Equal(ErrorCode.InvalidRequest, GroupRules.Check([.. Enumerable.Repeat(sound, GroupLimits.MaxOffsetsPerRequest + 1)], mayForget: true)!.Error);
    }

    private static int[] Numbers(MembershipResponse response) => [.. response.Assignment.Select(partition => partition.TopicPartition.Partition)];

    private static IEnumerable<(int Partition, long Offset)> Committed(CommitDecision decision) =>
        decision.Offsets.Select(pair => (pair.Key.Partition, pair.Value.Offset.Value));

    private static Dictionary<string, GroupTopic?> Catalog(params GroupTopic[] topics) => topics.ToDictionary(topic => topic.Name, GroupTopic? (topic) => topic);

    private static JoinGroupRequest Request(string member, string[] topics) =>
        new(member, null, "", topics, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));

    private static CommitRequest CommitRequest(string member, Generation generation, long sequence, params (int Partition, long Offset)[] offsets) => new(
        member,
        generation,
        [.. offsets.Select(offset => new CommittedOffset(new TopicPartition("orders", offset.Partition), new Offset(offset.Offset), "", LeaderEpoch.None))],
        sequence);

    private MembershipResponse Join(string member, string? instance = null, TimeSpan? session = null, TimeSpan? rebalance = null) => _group.Join(
        Request(member, ["orders"]) with { InstanceId = instance, SessionTimeout = session ?? TimeSpan.FromSeconds(10), RebalanceTimeout = rebalance ?? TimeSpan.FromSeconds(10) },
        Catalog(_orders),
        _now);

    /// <summary>A heartbeat that reports what the last answer assigned.</summary>
    private MembershipResponse Beat(string member, MembershipResponse last) =>
        _group.Heartbeat(new HeartbeatRequest(member, last.Generation, [.. last.Assignment.Select(partition => partition.TopicPartition)]), _now);

    private MembershipResponse Beat(string member, Generation generation, params int[] owned) =>
        _group.Heartbeat(new HeartbeatRequest(member, generation, [.. owned.Select(partition => new TopicPartition("orders", partition))]), _now);

    private CommitDecision Commit(string member, Generation generation, long sequence, params (int Partition, long Offset)[] offsets) =>
        _group.Commit(CommitRequest(member, generation, sequence, offsets));

    /// <summary>Lets members join and heartbeat until everybody owns what it shall.</summary>
    private void Settle(params string[] members)
    {
        var last = members.ToDictionary(member => member, member => Join(member));
        while (_group.State != GroupState.Stable || last.Values.Any(response => response.Generation != _group.Generation))
        {
            foreach (var member in members)
            {
                last[member] = Beat(member, last[member]);
            }
        }
    }

    /// <summary>Lets time pass in ticks, as the grain's timer does.</summary>
    private List<string> Pass(TimeSpan time)
    {
        var expelled = new List<string>();
        for (var end = _now + time; _now < end;)
        {
            _now += GroupLimits.TickInterval;
            expelled.AddRange(_group.Expire(_now));
        }

        return expelled;
    }
}
