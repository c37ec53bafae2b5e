using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Runtime.Placement;
using OrleansStream.Grains;
using OrleansStream.Groups;
using OrleansStream.Groups.Classic;
using OrleansStream.Server.Groups.Classic;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Placement;
using OrleansStream.Storage;

namespace OrleansStream.Server.Groups;

/// <summary>
/// The coordinator of one group: rules in <see cref="ConsumerGroup"/> and, for members that speak Kafka's classic protocol, in
/// <see cref="ClassicGroup"/>, writing in <see cref="GroupWriter"/>, and here their order — decide, store, answer. Calls interleave at awaits, on purpose: a decision never awaits, so each is made whole,
/// and those that wait for the store share its next round. After a failure to store the activation is given up and the
/// callers are told to try again. One for a group that does not exist leaves once it has answered: whoever names millions of groups
/// shall not find them all in memory.
/// </summary>
[Reentrant, GroupPlacement]
internal sealed class GroupGrain : Grain, IGroupGrain, IClassicGroupGrain, ICoordinatingGrain, IGrainMigrationParticipant, IDisposable
{
    private readonly IGroupStore _store;
    private readonly GroupCatalog _catalog;
    private readonly GroupTable _table;
    private readonly IPartitionExtents _extents;
    private readonly ClassicGroupOptions _options;
    private readonly ClassicCalls _classic;
    private readonly TimeProvider _time;
    private readonly ILogger<GroupGrain> _logger;

    // What the catalog said is taken over in the order in which it was asked: an older answer must not undo a newer one.
    private readonly SemaphoreSlim _catalogTurn = new(1, 1);

    private string _groupId = "";
    private GroupOffsets _offsets = null!;
    private Task<GroupCoordinator>? _loading;
    private TurnSignal? _turns;
    private IGrainTimer? _timer;
    private long _refreshedAt;
    private int _callsInHand;
    private bool _wasMoved;
    private volatile bool _isLeaving;

    public GroupGrain(
        IGroupStore store,
        ICatalog catalog,
        GroupTable table,
        IPartitionExtents extents,
        IOptions<OrleansStreamServerOptions> options,
        TimeProvider time,
        ILogger<GroupGrain> logger)
    {
        _store = store;
        _catalog = new GroupCatalog(catalog);
        _table = table;
        _extents = extents;
        _options = options.Value.ClassicGroups;
        _classic = new ClassicCalls(WatchMembers, () => _isLeaving);
        _time = time;
        _logger = logger;
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _groupId = this.GetPrimaryKeyString();
        _offsets = new GroupOffsets(_store, _catalog, _extents, _time, _groupId);
        _table.Add(this);
        if (_wasMoved)
        {
            // Its members are out there, and it watches over them from now on. A failure is for the next call to tell.
            _ = LoadAsync();
        }

        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _table.Remove(this);
        return Task.CompletedTask;
    }

    string ICoordinatingGrain.GroupId => _groupId;

    public Task MoveAsync(SiloAddress target)
    {
        _isLeaving = true;
        _turns?.Wake();
        GrainContext.Migrate(new Dictionary<string, object> { [IPlacementDirector.PlacementHintKey] = target }, CancellationToken.None);
        return GrainContext.Deactivated;
    }

    /// <summary>Nothing travels with a move: whatever was answered is stored.</summary>
    public void OnDehydrate(IDehydrationContext dehydrationContext)
    {
    }

    public void OnRehydrate(IRehydrationContext rehydrationContext) => _wasMoved = true;

    public void Dispose() => _catalogTurn.Dispose();

    public Task<MembershipResponse> JoinAsync(JoinGroupRequest request) => AnswerAsync(
        async coordinator =>
        {
            await _catalogTurn.WaitAsync();
            try
            {
                var unknown = GroupRules.Check(request) is null ? request.Topics.Where(topic => !coordinator.Group.Topics.ContainsKey(topic)) : [];
                var topics = await _catalog.FindAsync(unknown);
                if (!coordinator.BeginNative())
                {
                    return Refuse(
                        ErrorCode.InconsistentGroupProtocol,
                        $"Group '{_groupId}' has members that speak Kafka's classic protocol; stop them, or join another group.");
                }

                var response = coordinator.Group.Join(request, topics, coordinator.Now);
                if (response.Error == ErrorCode.None)
                {
                    GroupLog.Joined(_logger, _groupId, request.MemberId, request.ClientId, response.Generation);
                }

                return response;
            }
            finally
            {
                _catalogTurn.Release();
            }
        },
        Refuse);

    public Task<MembershipResponse> HeartbeatAsync(HeartbeatRequest request) => AnswerAsync(
        async coordinator =>
        {
            await VerifyAsync(coordinator, request.Generation);
            return coordinator.Group.Heartbeat(request, coordinator.Now);
        },
        Refuse);

    public Task LeaveAsync(string memberId) => AnswerAsync(
        coordinator =>
        {
            coordinator.Group.Leave(memberId);
            GroupLog.Left(_logger, _groupId, memberId);
            return Task.FromResult(true);
        },
        refuse: null);

    public Task<CommitResponse> CommitAsync(CommitRequest request) => AnswerAsync(
        async coordinator =>
        {
            if (GroupRules.Check(request.Offsets, mayForget: false) is { } problem)
            {
                return new CommitResponse(problem.Error, problem.Message);
            }

            if (string.IsNullOrEmpty(request.MemberId))
            {
                var resolved = await _offsets.ResolveAsync(request.Offsets);
                if (coordinator.MemberCount > 0)
                {
                    return new CommitResponse(ErrorCode.NonEmptyGroup, "The group has members, and only they commit its offsets; stop them first.");
                }

                await coordinator.Writer.CommitAsync(_offsets.ToStored(resolved));
                return new CommitResponse(ErrorCode.None);
            }

            await VerifyAsync(coordinator, request.Generation);
            var decision = coordinator.Group.Commit(request);
            if (decision.Error == ErrorCode.None)
            {
                // Also when nothing is left to write: what overtook this commit has to be durable before the answer.
                await coordinator.Writer.CommitAsync(_offsets.ToStored(decision.Offsets));
            }

            return new CommitResponse(decision.Error, decision.Message);
        },
        (error, message) => new CommitResponse(error, message));

    public Task<CommitResponse> ResetOffsetsAsync(CommittedOffset[] offsets) => AnswerAsync(
        async coordinator =>
        {
            if (GroupRules.Check(offsets, mayForget: true) is { } problem)
            {
                return new CommitResponse(problem.Error, problem.Message);
            }

            var resolved = await _offsets.ResolveAsync(offsets);
            foreach (var offset in offsets)
            {
                if (coordinator.Group.FindOwner(offset.TopicPartition) is { } owner)
                {
                    return new CommitResponse(
                        ErrorCode.NonEmptyGroup, $"Member '{owner}' consumes {offset.TopicPartition}; stop it before the offset is reset.");
                }
            }

            if (coordinator.Classic.Members.Count > 0)
            {
                return new CommitResponse(ErrorCode.NonEmptyGroup, $"Group '{_groupId}' has members; stop them before an offset is reset.");
            }

            await coordinator.Writer.CommitAsync(_offsets.ToStored(resolved));
            return new CommitResponse(ErrorCode.None);
        },
        (error, message) => new CommitResponse(error, message));

    public async Task<CommittedOffset[]> FetchOffsetsAsync(TopicPartition[]? partitions)
    {
        _callsInHand++;
        var isKnown = false;
        try
        {
            ThrowIfInvalid();
            var found = await _offsets.ReadAsync(partitions);
            isKnown = found.Length > 0;
            return found;
        }
        finally
        {
            _callsInHand--;
            LeaveUnless(isKnown);
        }
    }

    public Task<GroupDescription> DescribeAsync() => AnswerAsync(
        async coordinator =>
        {
            ThrowIfUnknown(coordinator);
            var described = new GroupDescription(
                _groupId, coordinator.State, coordinator.Generation, coordinator.DescribeMembers(), [], coordinator.Kind);
            return described with { Offsets = await _offsets.DescribeAsync(coordinator) };
        },
        refuse: null);

    public Task DeleteAsync() => AnswerAsync(
        async coordinator =>
        {
            ThrowIfUnknown(coordinator);
            if (coordinator.MemberCount > 0)
            {
                throw new OrleansStreamException(
                    ErrorCode.NonEmptyGroup, $"Group '{_groupId}' has {coordinator.MemberCount} members; stop them before it is deleted.");
            }

            await coordinator.Writer.DeleteAsync();
            GroupLog.Deleted(_logger, _groupId);
            DeactivateOnIdle();
            return true;
        },
        refuse: null,
        isStillThere: false);

    public Task<ClassicJoinResponse> JoinAsync(ClassicJoinRequest request) => AnswerAsync(
        async coordinator =>
        {
            var response = await _classic.JoinAsync(coordinator, request);
            if (response is { Error: ErrorCode.None, IsPending: false })
            {
                GroupLog.Joined(_logger, _groupId, response.MemberId, request.ClientId, response.Generation);
            }

            return response;
        },
        (error, _) => ClassicCalls.RefuseJoin(error, request.MemberId));

    public Task<ClassicSyncResponse> SyncAsync(ClassicSyncRequest request) => AnswerAsync(
        coordinator => _classic.SyncAsync(coordinator, request),
        (error, _) => ClassicCalls.RefuseSync(error));

    public Task<ErrorCode> HeartbeatAsync(ClassicIdentity member) => AnswerAsync(
        coordinator => ClassicCalls.HeartbeatAsync(coordinator, member),
        (error, _) => error);

    public Task<ErrorCode[]> LeaveAsync(ClassicLeaver[] members) => AnswerAsync(
        async coordinator =>
        {
            var answers = await ClassicCalls.LeaveAsync(coordinator, members);
            foreach (var (member, _) in members.Zip(answers).Where(pair => pair.Second == ErrorCode.None))
            {
                GroupLog.Left(_logger, _groupId, member.InstanceId ?? member.MemberId);
            }

            return answers;
        },
        (error, _) => [.. members.Select(_ => error)]);

    public Task<ErrorCode[]> CommitAsync(ClassicIdentity member, CommittedOffset[] offsets) => AnswerAsync(
        async coordinator =>
        {
            var (resolved, answers) = await _offsets.CheckAsync(offsets);
            await ClassicCalls.VerifyAsync(coordinator, member);
            if (ClassicCalls.CheckCommit(coordinator, member) is not ErrorCode.None and var error)
            {
                return [.. offsets.Select(_ => error)];
            }

            await coordinator.Writer.CommitAsync(_offsets.ToStored(resolved));
            return answers;
        },
        (error, _) => [.. offsets.Select(_ => error)]);

    public Task<ErrorCode[]> DeleteOffsetsAsync(TopicPartition[] partitions) => AnswerAsync(
        async coordinator =>
        {
            ThrowIfUnknown(coordinator);
            var (resolved, answers) = await _offsets.CheckAsync([.. partitions.Select(partition => new CommittedOffset(partition, new Offset(0), "", LeaderEpoch.None))]);
            if (coordinator.FindSubscriptions() is not { } subscriptions)
            {
                throw new OrleansStreamException(
                    ErrorCode.NonEmptyGroup, $"Nobody can tell what the members of group '{_groupId}' consume; stop them before offsets are deleted.");
            }

            for (var at = 0; at < partitions.Length; at++)
            {
                answers[at] = answers[at] == ErrorCode.None && subscriptions.Contains(partitions[at].Topic) ? ErrorCode.GroupSubscribedToTopic : answers[at];
            }

            await coordinator.Writer.CommitAsync(_offsets.ToStored(resolved
                .Where(pair => !subscriptions.Contains(pair.Value.TopicPartition.Topic))
                .Select(pair => KeyValuePair.Create(pair.Key, pair.Value with { Offset = Offset.None }))));
            return answers;
        },
        refuse: null);

    Task<ClassicGroupDescription?> IClassicGroupGrain.DescribeAsync() => AnswerAsync(
        coordinator => Task.FromResult(IsKnown(coordinator) ? coordinator.DescribeClassic() : null),
        refuse: null);

    /// <summary>Decides, waits until the decision is stored, answers.</summary>
    /// <param name="decide">Makes the answer.</param>
    /// <param name="refuse">Turns an error into an answer; null when the caller gets it as an exception.</param>
    /// <param name="isStillThere">False when the decision was the end of the group, after which nothing can be stored.</param>
    private async Task<T> AnswerAsync<T>(Func<GroupCoordinator, Task<T>> decide, Func<ErrorCode, string, T>? refuse, bool isStillThere = true)
    {
        _callsInHand++;
        try
        {
            ThrowIfInvalid();
            var coordinator = await LoadAsync();
            var answer = await decide(coordinator);
            WatchMembers(coordinator);
            coordinator.Turns.Announce(coordinator.Classic.Turn);
            if (isStillThere)
            {
                await coordinator.Writer.SaveAsync();
            }

            return answer;
        }
        catch (OrleansStreamException e) when (refuse is not null)
        {
            StopAfterFailure();
            return refuse(e.ErrorCode, e.Message);
        }
        catch (OrleansStreamException)
        {
            StopAfterFailure();
            throw;
        }
        catch (Exception)
        {
            // Nobody foresaw it, so the state in memory is not to be trusted any more; the stored one is.
            DeactivateOnIdle();
            throw;
        }
        finally
        {
            _callsInHand--;
            LeaveUnless(isKnown: false);
        }
    }

    /// <summary>Ends the activation when nobody waits for it and there is no such group.</summary>
    /// <param name="isKnown">True when the caller knows the group from elsewhere than the coordinator, which may not be loaded.</param>
    private void LeaveUnless(bool isKnown)
    {
        if (_callsInHand == 0 && !isKnown && _loading is not { IsCompletedSuccessfully: true, Result: { Writer.IsStored: true } or { Classic.IsAlive: true } })
        {
            DeactivateOnIdle();
        }
    }

    private Task<GroupCoordinator> LoadAsync()
    {
        return _loading ??= LoadOnceAsync();

        async Task<GroupCoordinator> LoadOnceAsync()
        {
            var coordinator = await GroupCoordinator.LoadAsync(_store, _options, _time, _groupId);
            _turns = coordinator.Turns;
            if (coordinator.MemberCount > 0)
            {
                GroupLog.Restored(_logger, _groupId, coordinator.MemberCount, coordinator.Generation);
                WatchMembers(coordinator);
            }

            return coordinator;
        }
    }

    /// <summary>A generation that is news to this coordinator was made by another one; the store tells which of the two goes on.</summary>
    private static Task VerifyAsync(GroupCoordinator coordinator, Generation told) =>
        told > coordinator.Group.Generation ? coordinator.Writer.VerifyAsync() : Task.CompletedTask;

    /// <summary>Runs the timer while there are members, which also keeps the activation from being collected.</summary>
    private void WatchMembers(GroupCoordinator coordinator)
    {
        if (coordinator.Group.Members.Count == 0 && !coordinator.Classic.IsAlive)
        {
            _timer?.Dispose();
            _timer = null;
        }
        else if (_timer is null)
        {
            _refreshedAt = _time.GetTimestamp();
            _timer = this.RegisterGrainTimer(
                TickAsync,
                coordinator,
                new GrainTimerCreationOptions(GroupLimits.TickInterval, GroupLimits.TickInterval) { Interleave = true, KeepAlive = true });
        }
    }

    private async Task TickAsync(GroupCoordinator coordinator, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var member in coordinator.Group.Expire(coordinator.Now).Concat(coordinator.Classic.Expire(coordinator.Now)))
            {
                GroupLog.Expelled(_logger, _groupId, member);
            }

            if (_time.GetElapsedTime(_refreshedAt) >= GroupLimits.TopicRefreshInterval)
            {
                _refreshedAt = _time.GetTimestamp();
                await RefreshTopicsAsync(coordinator);
            }

            WatchMembers(coordinator);
            coordinator.Turns.Announce(coordinator.Classic.Turn);
            await coordinator.Writer.SaveAsync();
            LeaveUnless(isKnown: false);
        }
        catch (OrleansStreamException e)
        {
            GroupLog.TickFailed(_logger, e, _groupId);
            StopAfterFailure();
        }
    }

    private async Task RefreshTopicsAsync(GroupCoordinator coordinator)
    {
        await _catalogTurn.WaitAsync();
        try
        {
            coordinator.Group.UpdateTopics(await _catalog.FindAsync(coordinator.Group.Subscriptions));
        }
        finally
        {
            _catalogTurn.Release();
        }
    }

    /// <summary>Gives the activation up when it can no longer store what it decides; the next one starts from what is stored.</summary>
    private void StopAfterFailure()
    {
        if (_loading is { IsFaulted: true } or { IsCompletedSuccessfully: true, Result.Writer.Failure: not null })
        {
            GroupLog.Stopped(_logger, _groupId);
            _timer?.Dispose();
            _turns?.Wake();
            DeactivateOnIdle();
        }
    }

    private void ThrowIfInvalid()
    {
        if (GroupRules.CheckGroupId(_groupId) is { } problem)
        {
            throw new OrleansStreamException(problem.Error, problem.Message);
        }
    }

    private void ThrowIfUnknown(GroupCoordinator coordinator)
    {
        if (!IsKnown(coordinator))
        {
            throw new OrleansStreamException(ErrorCode.GroupIdNotFound, $"There is no group '{_groupId}'.");
        }
    }

    private static bool IsKnown(GroupCoordinator coordinator) => coordinator.Writer.IsStored || coordinator.MemberCount > 0;

    private static MembershipResponse Refuse(ErrorCode error, string message) =>
        new(error, Generation.None, [], GroupLimits.HeartbeatInterval, message);
}
