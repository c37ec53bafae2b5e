using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Consuming.Fetching;
using OrleansStream.Client.Diagnostics;
using OrleansStream.Groups;

namespace OrleansStream.Client.Consuming.Groups;

/// <summary>
/// Makes what the consumer reads equal to what its group assigned. Works in the background, one step at a time, while
/// heartbeats go on; the user's callbacks run here, never two at once.
/// </summary>
/// <remarks>
/// Giving up a partition takes five steps, in this order:
/// 1. nothing more of it is given to the loop, so that the set of records in work cannot grow;
/// 2. the record in hand is waited for, up to the rebalance timeout, so that the next owner does not see it a second time;
/// 3. the user is told, and may still commit;
/// 4. what is done is committed, so that the next owner goes on there;
/// 5. the partition is forgotten, and the next heartbeat, sent at once, no longer names it: now it has another owner.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer and no wait handle.")]
internal sealed partial class Reconciler
{
    private readonly Lock _lock = new();
    private readonly ClusterConnection _connection;
    private readonly ConsumerOptions _options;
    private readonly ReadAhead _readAhead;
    private readonly ConsumedPartitions _partitions;
    private readonly OffsetCommitter _committer;
    private readonly PositionFinder _positions;
    private readonly MemberIdentity _identity;
    private readonly ILogger _logger;
    private CancellationTokenSource _session = new();
    private AssignedPartition[] _target = [];
    private Task _work = Task.CompletedTask;
    private bool _isWorking;
    private volatile Exception? _failure;

    public Reconciler(
        ClusterConnection connection, ConsumerOptions options, ReadAhead readAhead, ConsumedPartitions partitions, OffsetCommitter committer, MemberIdentity identity)
    {
        _connection = connection;
        _options = options;
        _readAhead = readAhead;
        _partitions = partitions;
        _committer = committer;
        _identity = identity;
        _positions = new PositionFinder(connection, options, partitions, committer);
        _logger = connection.Loggers.CreateLogger<Reconciler>();
    }

    /// <summary>Set when a callback of the user's failed; nothing is changed any more then.</summary>
    public Exception? Failure => _failure;

    /// <summary>The partitions that heartbeats have to name.</summary>
    public TopicPartition[] Owned
    {
        get
        {
            lock (_lock)
            {
                return Array.ConvertAll(_partitions.All, static partition => partition.TopicPartition);
            }
        }
    }

    /// <summary>Takes over an assignment; work on an earlier one goes on from where it is.</summary>
    public void Follow(AssignedPartition[] target)
    {
        lock (_lock)
        {
            _target = target;
            if (!_isWorking)
            {
                _isWorking = true;
                _work = Task.Run(WorkAsync);
            }
        }
    }

    /// <summary>The session is lost: stops all reading at once, commits nothing, tells the user.</summary>
    public async Task LoseAsync()
    {
        await StopAsync().ConfigureAwait(false);
        var lost = _partitions.All;
        _partitions.Shut(lost);
        _partitions.Remove(lost);
        _readAhead.Suspend(false);
        await TellAsync(_options.OnPartitionsLost, lost, CancellationToken.None).ConfigureAwait(false);
        lock (_lock)
        {
            _session = new CancellationTokenSource();
        }
    }

    /// <summary>The consumer goes: gives up everything that it still owns, without waiting for the loop.</summary>
    public async Task GiveUpAsync(CancellationToken cancellationToken)
    {
        var owned = _partitions.All;
        _partitions.Shut(owned);
        await EndAsync(owned, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops the work, wherever it is.</summary>
    public async Task StopAsync()
    {
        Task work;
        lock (_lock)
        {
            _target = [];
            work = _work;
        }

        await _session.CancelAsync().ConfigureAwait(false);
        await work.ConfigureAwait(false);
    }

    private async Task WorkAsync()
    {
        var session = _session.Token;
        try
        {
            while (FindStep(session) is var (revoked, added) && (revoked.Length > 0 || added.Length > 0))
            {
                // Revoked first, and then looked again: the group may want something else by now.
                if (revoked.Length > 0)
                {
                    await GiveUpAsync(revoked, session).ConfigureAwait(false);
                    session.ThrowIfCancellationRequested();
                    _identity.Ask();
                }
                else
                {
                    await AddAsync(added, session).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (session.IsCancellationRequested)
        {
            lock (_lock)
            {
                _isWorking = false;
            }
        }
        catch (Exception exception)
        {
            // It stays "working", so that nothing is changed any more; the membership ends with the next heartbeat.
            _failure = exception;
            _readAhead.Fail(exception);
            _identity.Ask();
        }
    }

    private (ConsumedPartition[] Revoked, ConsumedPartition[] Added) FindStep(CancellationToken session)
    {
        lock (_lock)
        {
            session.ThrowIfCancellationRequested();
            var owned = _partitions.All;
            var ownedIds = owned.Select(partition => partition.Id).ToHashSet();
            var targetIds = _target.Select(assigned => assigned.Partition).ToHashSet();
            ConsumedPartition[] revoked = [.. owned.Where(partition => !targetIds.Contains(partition.Id))];
            ConsumedPartition[] added =
            [
                .. from assigned in _target
                   where !ownedIds.Contains(assigned.Partition)
                   select new ConsumedPartition(assigned.TopicPartition, assigned.Partition, position: null),
            ];
            _isWorking = revoked.Length > 0 || added.Length > 0;
            if (revoked.Length == 0)
            {
                // Inside the lock: a heartbeat must not say that a partition was let go of which is just being taken over.
                _partitions.Add(added);
            }

            return (revoked, added);
        }
    }

    private async Task AddAsync(ConsumedPartition[] added, CancellationToken session)
    {
        await TellAsync(_options.OnPartitionsAssigned, added, session).ConfigureAwait(false);
        session.ThrowIfCancellationRequested();
        _partitions.Open(added);
        Assigned(_options.GroupId, added.Length, Names(added));
        _ = _positions.BeginAsync(added, session);
    }

    private async Task GiveUpAsync(ConsumedPartition[] revoked, CancellationToken cancellationToken)
    {
        _partitions.Shut(revoked);
        try
        {
            await Task.WhenAll(revoked.Select(_readAhead.WhenLetGoAsync))
                .WaitAsync(_options.RebalanceTimeout, _connection.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            LetGoTimedOut(_options.GroupId, _options.RebalanceTimeout, Names(revoked));
        }

        await EndAsync(revoked, cancellationToken).ConfigureAwait(false);
        Revoked(_options.GroupId, revoked.Length, Names(revoked));
    }

    /// <summary>The last three steps.</summary>
    private async Task EndAsync(ConsumedPartition[] revoked, CancellationToken cancellationToken)
    {
        await TellAsync(_options.OnPartitionsRevoked, revoked, cancellationToken).ConfigureAwait(false);
        if (_options.EnableAutoCommit)
        {
            using var timeout = new CancellationTokenSource(_options.RebalanceTimeout, _connection.Time);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            await _committer.TryCommitDoneAsync(revoked, ending.Token).ConfigureAwait(false);
        }

        _partitions.Remove(revoked);
    }

    private static async Task TellAsync(
        Func<IReadOnlyCollection<TopicPartition>, CancellationToken, ValueTask>? callback, ConsumedPartition[] partitions, CancellationToken cancellationToken)
    {
        if (callback is not null && partitions.Length > 0)
        {
            await callback(Array.ConvertAll(partitions, static partition => partition.TopicPartition), cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Names(ConsumedPartition[] partitions) => string.Join(", ", partitions.Select(partition => partition.TopicPartition));

    [LoggerMessage(LogEvents.PartitionsAssigned, LogLevel.Information, "Group '{Group}' assigned {Count} partitions: {Partitions}.")]
    private partial void Assigned(string? group, int count, string partitions);

    [LoggerMessage(LogEvents.PartitionsRevoked, LogLevel.Information, "Group '{Group}' took back {Count} partitions: {Partitions}.")]
    private partial void Revoked(string? group, int count, string partitions);

    [LoggerMessage(LogEvents.LetGoTimedOut, LogLevel.Warning, "Group '{Group}': the loop did not finish its record within the rebalance timeout of {Timeout}; the next owner will see it again. Given up: {Partitions}.")]
    private partial void LetGoTimedOut(string? group, TimeSpan timeout, string partitions);
}
