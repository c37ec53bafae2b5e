using Microsoft.Extensions.Time.Testing;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Tests.Consuming;
using OrleansStream.Client.Tests.Consuming.Fakes;
using OrleansStream.Groups;

namespace OrleansStream.Client.Tests.Hosting;

/// <summary>How a hosted consumer lets go: of everything when the application stops, of partitions when the group wants them back.</summary>
public sealed class StopTests
{
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(20);

    private readonly FakeTimeProvider _time = new();
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationToken _handlerToken;

    [Fact]
    public async Task Every_record_is_handled_in_a_scope_of_its_own_and_committed_at_the_end()
    {
        var cluster = Cluster();
        await using var run = new HostedRun(cluster);
        await run.StartAsync();

        Assert.Equal(["orders-0: 0", "orders-0: 1", "orders-0: 2"], await run.NextCallsAsync(3));
        await run.StopAsync();

        Assert.Equal(new Offset(3), run.Committed(0));
        Assert.Equal("leave", cluster.TheGroup.Trace[^1]);
        Assert.Equal(3, run.Scopes.Distinct().Count());
        Assert.All(run.Scopes, scope => Assert.True(scope.IsDisposed));
    }

    [Fact]
    public async Task Stopping_waits_for_the_running_handler_commits_its_record_and_takes_no_other()
    {
        var cluster = Cluster();
        await using var run = new HostedRun(cluster) { Handler = WaitAsync };
        await run.StartAsync();
        await run.NextCallAsync();

        var stopping = run.StopAsync();
        Assert.False(stopping.IsCompleted);
        Assert.False(_handlerToken.IsCancellationRequested);
        _release.SetResult();
        await stopping;

        Assert.Equal(new Offset(1), run.Committed(0));
        Assert.Equal("leave", cluster.TheGroup.Trace[^1]);
        Assert.False(run.TryGetCall(out _));
    }

    [Fact]
    public async Task A_handler_that_outlasts_the_drain_timeout_is_cancelled_and_its_record_not_committed()
    {
        var cluster = Cluster(_time);
        await using var run = new HostedRun(cluster, o => o with { DrainTimeout = s_drain }) { Handler = UntilCancelledAsync };
        await run.StartAsync();
        await run.NextCallAsync();

        var stopping = run.StopAsync();
        _time.Advance(s_drain);
        await stopping;

        Assert.Equal("leave", cluster.TheGroup.Trace[^1]);
        Assert.Equal(Offset.Zero, run.Committed(0));
    }

    [Fact]
    public async Task A_host_that_loses_patience_cuts_the_drain_short()
    {
        var cluster = Cluster(_time);
        await using var run = new HostedRun(cluster) { Handler = UntilCancelledAsync };
        await run.StartAsync();
        await run.NextCallAsync();
        using var patience = new CancellationTokenSource();

        var stopping = run.StopAsync(patience.Token);
        await patience.CancelAsync();
        await stopping;

        Assert.Equal("leave", cluster.TheGroup.Trace[^1]);
    }

    [Fact]
    public async Task A_handler_that_ignores_its_cancellation_is_left_behind()
    {
        var cluster = Cluster(_time);
        await using var run = new HostedRun(cluster) { Handler = WaitAsync };
        await run.StartAsync();
        await run.NextCallAsync();

        var stopping = run.StopAsync(new CancellationToken(canceled: true));
        while (!stopping.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await stopping;
        Assert.Equal("leave", cluster.TheGroup.Trace[^1]);
        Assert.Equal(Offset.Zero, run.Committed(0));
        _release.SetResult();
    }

    [Fact]
    public async Task A_partition_that_the_group_wants_back_goes_after_its_handler_and_commit()
    {
        var cluster = Cluster();
        await using var run = new HostedRun(cluster) { Handler = WaitAsync };
        await run.StartAsync();
        await run.NextCallAsync();
        var group = cluster.TheGroup;

        group.Assign();
        await group.WhenOwnedAsync(ScriptedCluster.Name(0));
        await group.WhenOwnedAsync(ScriptedCluster.Name(0));
        var letGo = group.WhenOwnedAsync();
        _release.SetResult();
        await letGo;

        Assert.Equal(new Offset(1), run.Committed(0));
        Assert.False(run.TryGetCall(out _));
    }

    [Fact]
    public async Task A_handler_that_outlasts_the_rebalance_timeout_is_cancelled_and_its_record_left_to_the_next_owner()
    {
        var cluster = Cluster();
        await using var run = new HostedRun(cluster, o => o with { RebalanceTimeout = TimeSpan.FromSeconds(1) })
        {
            Handler = (batch, token) => batch[0].Value == "0" ? Task.CompletedTask : UntilCancelledAsync(batch, token),
        };
        await run.StartAsync();
        await run.NextCallsAsync(2);

        var letGo = cluster.TheGroup.WhenOwnedAsync();
        cluster.TheGroup.Assign();
        await letGo;

        Assert.True(_handlerToken.IsCancellationRequested);
        Assert.Equal(new Offset(1), run.Committed(0));
    }

    [Fact]
    public async Task A_lost_session_cancels_the_handler_and_commits_nothing()
    {
        var cluster = Cluster();
        await using var run = new HostedRun(cluster)
        {
            Handler = (batch, token) => batch[0].Value == "0" ? Task.CompletedTask : UntilCancelledAsync(batch, token),
        };
        await run.StartAsync();
        await run.NextCallsAsync(2);
        var isExpelled = true;
        cluster.TheGroup.OnHeartbeat = _ => Task.FromResult(
            Interlocked.Exchange(ref isExpelled, false)
                ? new MembershipResponse(ErrorCode.UnknownMemberId, Generation.None, [], TimeSpan.Zero, "Expelled.")
                : null);

        // Nothing was committed, so what was handled comes again, together with the rest.
        Assert.Equal(["orders-0: 0", "orders-0: 1"], await run.NextCallsAsync(2));

        Assert.Empty(cluster.TheGroup.Commits);
        Assert.Equal(2, cluster.TheGroup.Joins.Count);
    }

    [Fact]
    public async Task Static_instances_have_ids_of_their_own()
    {
        var cluster = Cluster();
        await using var run = new HostedRun(cluster, o => o with { InstanceId = "billing", Instances = 2 });
        await run.StartAsync();

        await Consumption.UntilAsync(() => cluster.TheGroup.Joins.Count == 2, "both joined");

        Assert.Equal(["billing-0", "billing-1"], cluster.TheGroup.Joins.Select(join => join.InstanceId).Order());
    }


    private static ScriptedCluster Cluster(TimeProvider? time = null)
    {
        var cluster = new ScriptedCluster(1, time);
        cluster.Log(0).AppendNumbers(3, perBatch: 3);
        cluster.TheGroup.Assign(cluster.Assigned(0));
        return cluster;
    }

    private Task WaitAsync(ConsumedBatch<string, string> batch, CancellationToken cancellationToken)
    {
        _handlerToken = cancellationToken;
        return _release.Task;
    }

    private Task UntilCancelledAsync(ConsumedBatch<string, string> batch, CancellationToken cancellationToken)
    {
        _handlerToken = cancellationToken;
        return Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
    }
}
