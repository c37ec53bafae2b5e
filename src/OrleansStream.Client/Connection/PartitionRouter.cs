using System.Collections.Concurrent;
using OrleansStream.Endpoint;

namespace OrleansStream.Client.Connection;

/// <summary>
/// Knows where partitions live: asks a partition's grain once, follows redirections, and forgets what failed. A silo that
/// twice in a row could not be addressed directly, although it leads, is reached through the grain for a while, and so is one
/// that joined so lately that the client does not know its gateway. Safe for concurrent use.
/// </summary>
internal sealed class PartitionRouter
{
    private const int DirectFailuresAllowed = 2;

    /// <summary>How long an answer may take before it is asked whether the partition still lives there.</summary>
    private static readonly TimeSpan s_doubtAfter = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often in a row the owner has to say that it has nothing of a partition in hand, so that an answer which is just on its way is
    /// not taken for lost.
    /// </summary>
    private const int LooksUntilLost = 2;

    private static readonly TimeSpan s_detourTime = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long one look-up may take. Orleans lets a call to a silo that died run into its own, longer timeout, and a repeated one
    /// finds where the partition went as soon as the others have noticed.
    /// </summary>
    private static readonly TimeSpan s_lookUpTimeout = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<PartitionId, Entry> _entries = new();
    private readonly ConcurrentDictionary<SiloAddress, IStreamEndpoint> _endpoints = new();
    private readonly SharedLookups<PartitionId, PartitionRoute> _lookups;
    private readonly ClusterConnection _connection;

    public PartitionRouter(ClusterConnection connection)
    {
        _connection = connection;
        _lookups = new(LookUpAsync);
    }

    /// <summary>The way to a partition, from memory if it is there. One attempt; the caller retries.</summary>
    /// <exception cref="OrleansStreamException">The partition does not exist, cannot be opened, or its grain cannot be reached.</exception>
    public ValueTask<PartitionRoute> FindAsync(PartitionId partition, CancellationToken cancellationToken = default) =>
        _entries.TryGetValue(partition, out var entry) && entry.Current is { } route
            ? new(route)
            : new(_lookups.FindAsync(partition).WaitAsync(cancellationToken));

    /// <summary>
    /// Waits for the answer to a call that went a route. Orleans does not tell that a silo died with the call in hand, so while the
    /// answer is late the partition's grain is asked now and then where it lives: an owner that is only slow is waited for.
    /// </summary>
    /// <param name="route">The way that the call went.</param>
    /// <param name="call">The call.</param>
    /// <param name="timeout">The longest wait; <see cref="TimeSpan.MaxValue"/> leaves it to Orleans' own.</param>
    /// <param name="isInHand">
    /// Asks the owner whether it is at work on the call; null not to. Only for calls that may be repeated even if it is: what it says may be
    /// a little late.
    /// </param>
    /// <exception cref="TimeoutException">The time is over.</exception>
    /// <exception cref="OrleansStreamException">
    /// <see cref="ErrorCode.RequestTimedOut"/>: the partition lives elsewhere by now, or the call or its answer was lost; its outcome is unknown.
    /// </exception>
    public async Task<T> AwaitAsync<T>(PartitionRoute route, Task<T> call, TimeSpan timeout, Func<Task<bool>>? isInHand = null)
    {
        var looksWithout = 0;
        var time = _connection.Time;
        var loss = _connection.Loss;
        var start = time.GetTimestamp();
        while (true)
        {
            // Asking where the partition lives may have used up what was left.
            var left = timeout - time.GetElapsedTime(start);
            left = left < TimeSpan.Zero ? TimeSpan.Zero : left;
            try
            {
                return await call.WaitAsync(left < s_doubtAfter ? left : s_doubtAfter, time, loss).ConfigureAwait(false);
            }
            catch (TimeoutException) when (!call.IsCompleted && time.GetElapsedTime(start) < timeout)
            {
                if (await HasMovedAsync(route, loss).ConfigureAwait(false))
                {
                    throw new OrleansStreamException(ErrorCode.RequestTimedOut, "The partition moved to another silo before its former one answered.");
                }

                looksWithout = isInHand is null || await IsInHandAsync(isInHand, loss).ConfigureAwait(false) ? 0 : looksWithout + 1;
                if (looksWithout >= LooksUntilLost && !call.IsCompleted)
                {
                    throw new OrleansStreamException(ErrorCode.RequestTimedOut, "The request, or the answer to it, was lost on its way.");
                }
            }
        }
    }

    /// <summary>One attempt to ask the owner of a partition something: learns from how it went, and makes an exception of an error in the answer.</summary>
    /// <param name="route">The way.</param>
    /// <param name="ask">Goes it.</param>
    /// <param name="judge">What an answer says of itself.</param>
    /// <exception cref="OrleansStreamException">The answer is an error.</exception>
    public async Task<T> AskAsync<T>(PartitionRoute route, Func<Task<T>> ask, Func<T, (ErrorCode Error, string? Message, PartitionLeader? Leader)> judge)
    {
        T answer;
        try
        {
            answer = await ask().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Report(route, CallFailure.From(exception).Error);
            throw;
        }

        var (error, message, leader) = judge(answer);
        Report(route, error, leader);
        return error == ErrorCode.None ? answer : throw new OrleansStreamException(error, message ?? $"The partition answered {error}.");
    }

    /// <summary>Learns from an attempt to use a route.</summary>
    /// <param name="route">The route that was used.</param>
    /// <param name="error">How it went.</param>
    /// <param name="redirection">Where the answer said that the partition lives instead, if it did.</param>
    public void Report(PartitionRoute route, ErrorCode error, PartitionLeader? redirection = null)
    {
        var entry = EntryOf(route.Partition);
        lock (entry)
        {
            switch (error)
            {
                case ErrorCode.None when route.Endpoint is not null:
                    entry.DirectFailures = 0;
                    entry.Redirections = 0;
                    return;

                case ErrorCode.None:
                    if (_connection.Time.GetElapsedTime(entry.DetourSince) > s_detourTime)
                    {
                        // One more direct failure is enough to come back to the detour.
                        entry.DirectFailures = Math.Min(entry.DirectFailures, DirectFailuresAllowed - 1);
                        entry.Drop(route);
                    }
                    else if (entry.DirectFailures < DirectFailuresAllowed && _connection.Grains.CanReach(route.Leader))
                    {
                        // The detour was only for as long as the silo's gateway was not known.
                        entry.Drop(route);
                    }

                    return;

                case ErrorCode.NotLeaderOrFollower when redirection is not null && redirection != route.Leader && entry.Redirections == 0:
                    // A second redirection in a row may be one half of a ping-pong between two silos: the grain knows better.
                    entry.Redirections++;
                    if (entry.Drop(route))
                    {
                        entry.Current = MakeRoute(route.Partition, redirection, entry);
                    }

                    return;

                case ErrorCode.Unreachable or ErrorCode.RequestTimedOut:
                    entry.DirectFailures += route.Endpoint is null ? 0 : 1;
                    entry.Drop(route);
                    return;

                case ErrorCode.NotLeaderOrFollower or ErrorCode.FencedLeaderEpoch or ErrorCode.UnknownLeaderEpoch or ErrorCode.StorageError
                    or ErrorCode.CorruptLog or ErrorCode.UnknownTopicId or ErrorCode.UnknownTopicOrPartition or ErrorCode.Unknown:
                    entry.Redirections = 0;
                    entry.Drop(route);
                    return;
            }
        }
    }

    private async Task<bool> HasMovedAsync(PartitionRoute route, CancellationToken cancellationToken)
    {
        try
        {
            var now = await _lookups.FindAsync(route.Partition).WaitAsync(cancellationToken).ConfigureAwait(false);
            return now.Leader.Silo != route.Leader.Silo || now.Leader.LeaderEpoch != route.Leader.LeaderEpoch;
        }
        catch (Exception exception) when (exception is OrleansStreamException or OperationCanceledException)
        {
            // Nobody knows at the moment; the call itself may still be answered.
            return false;
        }
    }

    private async Task<bool> IsInHandAsync(Func<Task<bool>> isInHand, CancellationToken cancellationToken)
    {
        try
        {
            return await isInHand().WaitAsync(s_lookUpTimeout, _connection.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Nobody knows, perhaps because the silo is of an earlier version; the call is waited for as long as it may take.
            return true;
        }
    }

    private async Task<PartitionRoute> LookUpAsync(PartitionId partition)
    {
        PartitionLeader leader;
        try
        {
            leader = await _connection.Grains.Partition(partition).GetLeaderAsync()
                .WaitAsync(s_lookUpTimeout, _connection.Time, _connection.Loss).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            throw CallFailure.From(exception).ToException();
        }

        var entry = EntryOf(partition);
        lock (entry)
        {
            return entry.Current = MakeRoute(partition, leader, entry);
        }
    }

    private PartitionRoute MakeRoute(PartitionId partition, PartitionLeader leader, Entry entry)
    {
        if (entry.Leader?.Silo != leader.Silo)
        {
            entry.DirectFailures = 0;
        }

        entry.Leader = leader;
        var isDetour = entry.DirectFailures >= DirectFailuresAllowed || !_connection.Grains.CanReach(leader);
        if (isDetour)
        {
            entry.DetourSince = _connection.Time.GetTimestamp();
        }

        // Silo addresses carry a generation, so a silo that restarted on its old port gets a new entry.
        var endpoint = isDetour
            ? null
            : _endpoints.GetOrAdd(leader.Silo, static (_, a) => a.Grains.Endpoint(a.Leader), (_connection.Grains, Leader: leader));
        return new PartitionRoute(partition, leader, endpoint, _connection.Grains.Partition(partition));
    }

    private Entry EntryOf(PartitionId partition) => _entries.GetOrAdd(partition, static _ => new Entry());

    private sealed class Entry
    {
        public volatile PartitionRoute? Current;
        public PartitionLeader? Leader;
        public int DirectFailures;
        public int Redirections;
        public long DetourSince;

        /// <summary>Forgets a route, unless another one took its place already.</summary>
        public bool Drop(PartitionRoute route)
        {
            if (!ReferenceEquals(Current, route))
            {
                return false;
            }

            Current = null;
            return true;
        }
    }
}
