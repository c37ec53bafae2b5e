using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Consuming.Fetching;
using OrleansStream.Client.Diagnostics;
using OrleansStream.Grains;
using OrleansStream.Groups;

namespace OrleansStream.Client.Consuming.Groups;

/// <summary>
/// Keeps the consumer a member of its group: joins, sends heartbeats however long the loop works on a record, and hands what
/// the group says to <see cref="Reconciler"/>. When the session is lost it joins anew; when the group refuses it for good,
/// the loop ends with the reason.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer and no wait handle.")]
internal sealed partial class GroupMembership
{
    // No call may outlast the time in which the member has to be heard of again.
    private static readonly TimeSpan s_longestCall = TimeSpan.FromSeconds(5);

    // What is left for the last callback and commit when the loop used up its rebalance timeout.
    private static readonly TimeSpan s_rebalanceGrace = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ClusterConnection _connection;
    private readonly ConsumerOptions _options;
    private readonly ReadAhead _readAhead;
    private readonly ConsumedPartitions _partitions;
    private readonly MemberIdentity _identity;
    private readonly Reconciler _reconciler;
    private readonly IGroupGrain _group;
    private readonly ILogger _logger;
    private Task _running = Task.CompletedTask;
    private TimeSpan _nextHeartbeat;
    private long _lastContact;

    public GroupMembership(
        ClusterConnection connection, ConsumerOptions options, ReadAhead readAhead, ConsumedPartitions partitions, MemberIdentity identity, Reconciler reconciler)
    {
        _connection = connection;
        _options = options;
        _readAhead = readAhead;
        _partitions = partitions;
        _identity = identity;
        _reconciler = reconciler;
        _group = connection.Grains.Group(options.GroupId!);
        _logger = connection.Loggers.CreateLogger<GroupMembership>();
    }

    public void Start() => _running = RunAsync();

    /// <summary>Gives everything up, commits, and leaves the group; a static member only falls silent, and keeps its partitions for a while.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        await StopAsync().ConfigureAwait(false);
        await _reconciler.GiveUpAsync(cancellationToken).ConfigureAwait(false);
        await LeaveGroupAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Falls silent at once, as if the process had died.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        await _reconciler.StopAsync().ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await JoinAsync().ConfigureAwait(false);
                var reason = await KeepAliveAsync().ConfigureAwait(false);
                await _reconciler.LoseAsync().ConfigureAwait(false);
                SessionLost(_options.GroupId, _identity.Current.MemberId, reason.Message);
                if (reason.ErrorCode == ErrorCode.FencedInstanceId)
                {
                    throw reason;
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            // The loop ends, so others shall have the partitions.
            _readAhead.Fail(exception);
            await LeaveGroupAsync(_stopping.Token).ConfigureAwait(false);
        }
    }

    private async Task LeaveGroupAsync(CancellationToken cancellationToken)
    {
        var (memberId, _) = _identity.Current;
        if (memberId.Length == 0 || _options.InstanceId is not null)
        {
            return;
        }

        try
        {
            await _group.LeaveAsync(memberId).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LeaveFailed(_options.GroupId, memberId, CallFailure.From(exception).Message);
        }
    }

    private async Task JoinAsync()
    {
        var memberId = NewMemberId();
        var request = new JoinGroupRequest(
            memberId, _options.InstanceId, _options.ClientId, [.. _options.Topics], _options.SessionTimeout, _options.RebalanceTimeout + s_rebalanceGrace);
        for (var failures = 1; ; failures++)
        {
            var sent = _connection.Time.GetTimestamp();
            var response = await TryCallAsync(() => _group.JoinAsync(request), s_longestCall).ConfigureAwait(false);
            if (response.Error == ErrorCode.None)
            {
                Joined(_options.GroupId, memberId, response.Generation);
                _lastContact = sent;
                Accept(memberId, response);
                return;
            }

            if (!OrleansStreamException.IsRetriableCode(response.Error))
            {
                throw new OrleansStreamException(
                    response.Error, $"Group '{_options.GroupId}' refused the consumer: {response.Message ?? response.Error.ToString()}");
            }

            CallFailed(_options.GroupId, "join", response.Error, response.Message);
            await _connection.Retry.PauseAsync(failures, _stopping.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Sends heartbeats until the group says that the membership is over, and returns why.</summary>
    private async Task<OrleansStreamException> KeepAliveAsync()
    {
        var (memberId, _) = _identity.Current;
        var failures = 0;
        while (true)
        {
            await PauseAsync(failures == 0 ? _nextHeartbeat : _connection.Retry.PauseAfter(failures)).ConfigureAwait(false);
            if (_reconciler.Failure is { } failure)
            {
                throw failure;
            }

            _identity.Answering();
            var sent = _connection.Time.GetTimestamp();
            var request = new HeartbeatRequest(memberId, _identity.Current.Generation, _reconciler.Owned);
            var response = await TryCallAsync(() => _group.HeartbeatAsync(request), CallTimeout()).ConfigureAwait(false);
            switch (response.Error)
            {
                case ErrorCode.None:
                    failures = 0;
                    _lastContact = sent;
                    _readAhead.Suspend(false);
                    Accept(memberId, response);
                    break;

                case ErrorCode.FencedInstanceId:
                    return new OrleansStreamException(
                        ErrorCode.FencedInstanceId,
                        $"Another consumer joined group '{_options.GroupId}' as instance '{_options.InstanceId}' and took this one's place. "
                        + "Give every running consumer an InstanceId of its own, or stop this one.");

                case var error when OrleansStreamException.IsRetriableCode(error):
                    failures++;
                    CallFailed(_options.GroupId, "heartbeat", error, response.Message);
                    SuspendIfExpired();
                    break;

                default:
                    return new OrleansStreamException(response.Error, response.Message ?? response.Error.ToString());
            }
        }
    }

    /// <summary>
    /// When the group may have expelled this member without being able to say so, somebody else may own its partitions already:
    /// nothing more is read until the group is heard of.
    /// </summary>
    private void SuspendIfExpired()
    {
        if (SilentFor >= _options.SessionTimeout)
        {
            _readAhead.Suspend(true);
            _partitions.Interrupt();
        }
    }

    private TimeSpan SilentFor => _connection.Time.GetElapsedTime(_lastContact);

    private TimeSpan CallTimeout()
    {
        var left = _options.SessionTimeout - SilentFor;
        return left <= TimeSpan.Zero || left > s_longestCall ? s_longestCall : left;
    }

    private void Accept(string memberId, MembershipResponse response)
    {
        _nextHeartbeat = response.NextHeartbeat;
        _identity.Tell(memberId, response.Generation);
        _reconciler.Follow(response.Assignment);
    }

    private async Task PauseAsync(TimeSpan pause)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var delay = Task.Delay(pause, _connection.Time, ending.Token);
        await Task.WhenAny(delay, _identity.WhenAsked).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        _stopping.Token.ThrowIfCancellationRequested();
    }

    /// <summary>Turns a call that failed on its way into an answer.</summary>
    private async Task<MembershipResponse> TryCallAsync(Func<Task<MembershipResponse>> call, TimeSpan timeout)
    {
        try
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, _connection.Loss);
            return await call().WaitAsync(timeout, _connection.Time, ending.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (!_stopping.IsCancellationRequested)
        {
            var failure = CallFailure.From(exception);
            return new MembershipResponse(failure.Error, Generation.None, [], TimeSpan.Zero, failure.Message);
        }
    }

    private string NewMemberId()
    {
        var suffix = $"-{Guid.NewGuid():N}";
        var name = _options.ClientId;
        return string.Concat(name.AsSpan(0, Math.Min(name.Length, ProtocolLimits.MaxIdLength - suffix.Length)), suffix);
    }

    [LoggerMessage(LogEvents.GroupJoined, LogLevel.Information, "Joined group '{Group}' as {Member} in generation {Generation}.")]
    private partial void Joined(string? group, string member, Generation generation);

    [LoggerMessage(LogEvents.SessionLost, LogLevel.Warning, "Group '{Group}' no longer knows the member {Member}: {Reason}")]
    private partial void SessionLost(string? group, string member, string reason);

    [LoggerMessage(LogEvents.GroupCallFailed, LogLevel.Debug, "A {Call} of group '{Group}' failed with {Error}: {Detail} Trying again.")]
    private partial void CallFailed(string? group, string call, ErrorCode error, string? detail);

    [LoggerMessage(LogEvents.LeaveFailed, LogLevel.Warning, "Leaving group '{Group}' failed: {Detail} Its partitions stay with {Member} until the session expires.")]
    private partial void LeaveFailed(string? group, string member, string detail);
}
