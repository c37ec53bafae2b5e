using Microsoft.Extensions.Logging;
using OrleansStream.Client;
using OrleansStream.Client.Administration;
using OrleansStream.Monitoring;

namespace OrleansStream.Dashboard.Watching;

/// <summary>
/// Everything that pages look at, read through the admin API by one reader for all of them, and only while somebody looks.
/// Safe for concurrent use.
/// </summary>
internal sealed class Watch
{
    private const int MovesShown = 300;

    /// <summary>Moves are written down a moment after they are done, so the history is read a few more times.</summary>
    private const int ReadingsAfterMove = 4;

    /// <summary>And now and then in any case: what went and came back between two readings does not show in them.</summary>
    private const int ReadingsBetweenMoves = 15;

    private readonly IAdminClient _admin;
    private readonly TimeProvider _time;
    private int _movesWanted;
    private int _readings;

    public Watch(OrleansStreamClient client, TimeProvider time, ILogger<Watch> logger)
    {
        _admin = client.Admin;
        _time = time;
        Cluster = new SharedPoll<ClusterView>(ReadClusterAsync, TimeSpan.FromSeconds(1), time, logger);
        Storage = new SharedPoll<StorageView>(ReadStorageAsync, TimeSpan.FromSeconds(5), time, logger);
        Topics = new SharedPoll<TopicsView>(ReadTopicsAsync, TimeSpan.FromSeconds(5), time, logger);
        Groups = new SharedPoll<GroupsView>(ReadGroupsAsync, TimeSpan.FromSeconds(5), time, logger);
        Topic = new KeyedPolls<string, TopicView>(ReadTopicAsync, TimeSpan.FromSeconds(3), time, logger);
        Group = new KeyedPolls<string, GroupView>(ReadGroupAsync, TimeSpan.FromSeconds(2), time, logger);
    }

    /// <summary>Silos, open partitions, rates, moves; every second.</summary>
    public SharedPoll<ClusterView> Cluster { get; }

    /// <summary>The health of catalog and stores.</summary>
    public SharedPoll<StorageView> Storage { get; }

    /// <summary>The list of topics.</summary>
    public SharedPoll<TopicsView> Topics { get; }

    /// <summary>The list of groups, with their lag.</summary>
    public SharedPoll<GroupsView> Groups { get; }

    /// <summary>A topic with its partitions, by name.</summary>
    public KeyedPolls<string, TopicView> Topic { get; }

    /// <summary>A group, by id.</summary>
    public KeyedPolls<string, GroupView> Group { get; }

    private async Task<ClusterView> ReadClusterAsync(ClusterView? previous, CancellationToken stop)
    {
        var view = ClusterViews.Next(previous, await _admin.SnapshotAsync(cancellationToken: stop).ConfigureAwait(false), _time.GetUtcNow());
        if (previous is null || HasMoved(previous, view) || ++_readings % ReadingsBetweenMoves == 0)
        {
            _movesWanted = ReadingsAfterMove;
        }

        return _movesWanted-- > 0
            ? view with { Moves = await _admin.ListMovesAsync(stop).Take(MovesShown).ToListAsync(stop).ConfigureAwait(false) }
            : view;
    }

    private async Task<StorageView> ReadStorageAsync(StorageView? previous, CancellationToken stop) =>
        new(_time.GetUtcNow(), await _admin.CheckStorageAsync(stop).ConfigureAwait(false));

    private Task<TopicsView> ReadTopicsAsync(TopicsView? previous, CancellationToken stop) => TopicsView.ReadAsync(_admin, previous, _time, stop);

    private Task<GroupsView> ReadGroupsAsync(GroupsView? previous, CancellationToken stop) => GroupsView.ReadAsync(_admin, _time, stop);

    private async Task<TopicView> ReadTopicAsync(string name, TopicView? previous, CancellationToken stop)
    {
        var topic = await _admin.DescribeTopicAsync(name, stop).ConfigureAwait(false);
        return new TopicView(topic, await _admin.DescribePartitionsAsync(name, stop).ToListAsync(stop).ConfigureAwait(false));
    }

    private async Task<GroupView> ReadGroupAsync(string id, GroupView? previous, CancellationToken stop)
    {
        var group = await _admin.DescribeGroupAsync(id, stop).ConfigureAwait(false);
        return GroupView.Next(previous, group, await LagTimes.MeasureAsync(_admin, group, previous, _time, stop).ConfigureAwait(false), _time.GetUtcNow());
    }

    /// <summary>Whether a partition is on another silo, or under another epoch, than before.</summary>
    private static bool HasMoved(ClusterView before, ClusterView now)
    {
        if (before.Partitions.Count != now.Partitions.Count)
        {
            return true;
        }

        for (var at = 0; at < now.Partitions.Count; at++)
        {
            var (old, open) = (before.Partitions[at], now.Partitions[at]);
            if (old.Id != open.Id || old.Silo != open.Silo || old.LeaderEpoch != open.LeaderEpoch)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>How the storage is.</summary>
internal sealed record StorageView(DateTimeOffset At, IReadOnlyList<StorageCheck> Checks);
