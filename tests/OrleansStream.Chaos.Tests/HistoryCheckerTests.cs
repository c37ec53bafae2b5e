using OrleansStream.Chaos.Checking;
using OrleansStream.Chaos.History;

namespace OrleansStream.Chaos.Tests;

/// <summary>For each anomaly a history that holds it and no other; and histories that look odd and are sound.</summary>
public class HistoryCheckerTests
{
    private readonly HistoryBuilder _history = new();

    [Fact]
    public void A_sound_history_is_sound()
    {
        _history.Acked("a", 0, 1).Send("b", 2).Send("a", 3).Ack(3, 2).TimeOut(2).Acked("b", 4)
            .Assign("c").PollOf("c", HistoryBuilder.Group, new(0, 0, 1), new(1, 1, 1))
            .Offset(OperationKind.Commit, "c", 2)
            .PollBelow(3, "d", 0, 1)
            .PollOf("c", HistoryBuilder.Group, new(2, 3, 2), new(3, 2, 2), new(4, 4, 2))
            .Offset(OperationKind.Commit, "c", 5).Offset(OperationKind.Committed, "e", 5)
            .FinalOf(new(0, 0, 1), new(1, 1, 1), new(2, 3, 2), new(3, 2, 2), new(4, 4, 2));

        Assert.Empty(HistoryChecker.Check(_history.Operations));
    }

    [Fact]
    public void A_record_that_was_acknowledged_and_passed_over_is_lost()
    {
        _history.Acked("a", 0, 1, 2).Poll("c", 0).Poll("c", 2).Final(0, 2);

        Names(AnomalyKind.LostWrite);
    }

    [Fact]
    public void A_record_that_was_acknowledged_beyond_all_reads_is_unseen()
    {
        _history.Acked("a", 0, 1, 2).Poll("c", 0, 1).Final(0, 1);

        Names(AnomalyKind.Unseen);
    }

    [Fact]
    public void A_record_that_is_missing_at_the_end_has_vanished()
    {
        _history.Acked("a", 0, 1).Send("a", 2).TimeOut(2).Poll("c", 0, 1, 2).Final(0, 1);

        Names(AnomalyKind.Vanished);
    }

    [Fact]
    public void A_refused_record_must_not_be_read()
    {
        _history.Acked("a", 0).Send("a", 1).Refuse(1).Poll("c", 0, 1).Final(0, 1);

        Names(AnomalyKind.FailedWriteSeen);
    }

    [Fact]
    public void A_record_that_nobody_sent_is_a_phantom()
    {
        _history.Acked("a", 0).FinalOf(new(0, 0, 1), new(1, 7, 1));

        Names(AnomalyKind.Phantom);
    }

    [Fact]
    public void A_record_at_two_offsets_is_a_duplicate()
    {
        _history.Acked("a", 0, 1).FinalOf(new(0, 0, 1), new(1, 1, 1), new(2, 1, 1));

        Names(AnomalyKind.Duplicate);
    }

    [Fact]
    public void An_offset_with_two_records_is_inconsistent()
    {
        _history.Send("a", 1).TimeOut(1).Send("b", 2).TimeOut(2).PollOf("c", null, new ReadRecord(0, 1, 1)).PollOf("d", null, new ReadRecord(0, 2, 1));

        Names(AnomalyKind.InconsistentOffsets);
    }

    [Fact]
    public void An_offset_whose_record_was_replaced_is_inconsistent_and_has_lost_what_was_read()
    {
        _history.Send("a", 1).TimeOut(1).Send("b", 2).TimeOut(2).PollOf("c", null, new ReadRecord(0, 1, 1)).FinalOf(new ReadRecord(0, 2, 1));

        Names(AnomalyKind.Vanished, AnomalyKind.InconsistentOffsets);
    }

    [Fact]
    public void An_offset_that_holds_nothing_is_a_gap()
    {
        _history.Send("a", 0).Ack(0, 0).Send("a", 2).Ack(2, 2).Final(0, 2);

        Names(AnomalyKind.OffsetGap);
    }

    [Fact]
    public void A_poll_that_goes_back_within_itself_is_named()
    {
        _history.Acked("a", 0, 1, 2).Poll("c", 0, 1, 1, 2).Final(0, 1, 2);

        Names(AnomalyKind.InternalNonmonotonicPoll);
    }

    [Fact]
    public void A_poll_that_jumps_within_itself_is_named()
    {
        _history.Acked("a", 0, 1, 2).Poll("c", 0, 2).Final(0, 1, 2);

        Names(AnomalyKind.InternalPollSkip);
    }

    [Fact]
    public void A_poll_that_goes_back_is_named()
    {
        _history.Acked("a", 0, 1, 2).Poll("c", 0, 1).Poll("c", 1, 2).Final(0, 1, 2);

        Names(AnomalyKind.NonmonotonicPoll);
    }

    [Fact]
    public void A_poll_that_jumps_is_named()
    {
        _history.Acked("a", 0, 1, 2).Poll("c", 0).Poll("c", 2).Final(0, 1, 2);

        Names(AnomalyKind.PollSkip);
    }

    [Fact]
    public void Polls_may_go_anywhere_after_an_assignment()
    {
        _history.Acked("a", 0, 1, 2).Poll("c", 0, 1).Assign("c").Poll("c", 1, 2).Assign("c").Poll("c", 0).Final(0, 1, 2);

        Names();
    }

    [Fact]
    public void A_group_that_committed_beyond_what_it_was_given_skipped()
    {
        _history.Acked("a", 0, 1, 2)
            .PollOf("c", HistoryBuilder.Group, new ReadRecord(0, 0, 1)).Assign("d").PollOf("d", HistoryBuilder.Group, new ReadRecord(2, 2, 1))
            .Offset(OperationKind.Commit, "d", 3).Final(0, 1, 2);

        Names(AnomalyKind.GroupSkip);
    }

    [Fact]
    public void A_producers_records_lie_in_their_order()
    {
        _history.Acked("a", 0).Send("a", 2).Send("a", 1).Ack(1, 1).Ack(2, 2).Final(0, 1, 2);

        Names(AnomalyKind.NonmonotonicSend);
    }

    [Fact]
    public void A_record_in_doubt_that_landed_after_the_next_one_is_out_of_order()
    {
        _history.Send("a", 1).TimeOut(1).Send("a", 0).Ack(0, 0).Final(0, 1);

        Names(AnomalyKind.NonmonotonicSend);
    }

    [Fact]
    public void A_record_at_the_high_watermark_was_read_too_early()
    {
        _history.Acked("a", 0, 1).PollBelow(1, "c", 0, 1).Final(0, 1);

        Names(AnomalyKind.ReadAboveHighWatermark);
    }

    [Fact]
    public void An_older_epoch_that_wrote_after_a_newer_one_was_not_fenced()
    {
        _history.Acked("a", 0, 1).FinalOf(new(0, 0, 2), new(1, 1, 1));

        Names(AnomalyKind.Fencing);
    }

    [Fact]
    public void An_offset_under_two_epochs_was_not_fenced()
    {
        _history.Acked("a", 0).PollOf("c", null, new ReadRecord(0, 0, 2)).FinalOf(new ReadRecord(0, 0, 1));

        Names(AnomalyKind.Fencing);
    }

    [Fact]
    public void An_append_below_what_was_known_before_it_was_not_fenced()
    {
        _history.Send("a", 1).Ack(1, 1).Send("b", 0).Ack(0, 0).Final(0, 1);

        Names(AnomalyKind.Fencing);
    }

    [Fact]
    public void Two_owners_that_acknowledge_one_offset_were_not_fenced_and_lose_a_record()
    {
        _history.Send("a", 0).Send("b", 1).Ack(0, 0).Ack(1, 0).Final(0);

        Names(AnomalyKind.LostWrite, AnomalyKind.Fencing);
    }

    [Fact]
    public void A_commit_must_not_go_back()
    {
        _history.Acked("a", 0, 1).PollOf("c", HistoryBuilder.Group, new(0, 0, 1), new(1, 1, 1))
            .Offset(OperationKind.Commit, "c", 2).Offset(OperationKind.Commit, "d", 1).Final(0, 1);

        Names(AnomalyKind.CommitRegressed);
    }

    [Fact]
    public void A_committed_offset_must_not_be_read_lower_than_it_was()
    {
        _history.Acked("a", 0, 1).PollOf("c", HistoryBuilder.Group, new(0, 0, 1), new(1, 1, 1))
            .Offset(OperationKind.Commit, "c", 2).Offset(OperationKind.Committed, "e", -1).Final(0, 1);

        Names(AnomalyKind.CommitRegressed);
    }

    [Fact]
    public void Commits_that_overlap_may_end_in_any_order_and_a_reset_may_go_back()
    {
        _history.Acked("a", 0, 1).PollOf("c", HistoryBuilder.Group, new(0, 0, 1), new(1, 1, 1))
            .BeginOffset(OperationKind.Commit, "c", out var first).BeginOffset(OperationKind.Commit, "d", out var second)
            .EndOffset(OperationKind.Commit, "d", second, 2).EndOffset(OperationKind.Commit, "c", first, 1)
            .Offset(OperationKind.Reset, "admin", 0).Offset(OperationKind.Committed, "e", 0).Final(0, 1);

        Names();
    }

    [Fact]
    public void A_run_that_did_not_recover_is_named()
    {
        _history.Add(new Operation { Process = "nemesis", Kind = OperationKind.Phase, Outcome = Outcome.Fail, Note = "No silo came back." });

        Names(AnomalyKind.NotHealed);
    }

    [Fact]
    public void A_history_survives_its_file()
    {
        _history.Acked("a", 0, 1).PollBelow(2, "c", 0, 1).Assign("c").Offset(OperationKind.Commit, "c", 2);

        var read = _history.Operations.Select(HistoryFile.Line).Select(HistoryFile.Parse).ToArray();

        Assert.Equal(_history.Operations.Select(o => o.ToString()), read.Select(o => o.ToString()));
        Assert.Equal(_history.Operations.SelectMany(o => o.Records ?? []), read.SelectMany(o => o.Records ?? []));
    }

    private void Names(params AnomalyKind[] expected)
    {
        var found = HistoryChecker.Check(_history.Operations);

        Assert.Equal(expected.Order(), found.Select(a => a.Kind).Distinct());
        Assert.All(found, anomaly => Assert.NotEmpty(anomaly.Evidence));
    }
}
