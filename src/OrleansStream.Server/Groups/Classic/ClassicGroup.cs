using OrleansStream.Groups;
using OrleansStream.Groups.Classic;

namespace OrleansStream.Server.Groups.Classic;

/// <summary>
/// A group whose members speak Kafka's classic protocol: plain state, one caller at a time, no clock and no I/O of its own, so that
/// schedules can be replayed. Every method takes the time as a reading of one monotonic clock.
/// </summary>
/// <remarks>
/// How partitions change hands (invariant I7):
/// <list type="number">
/// <item>A join, a departure or a changed subscription begins <see cref="GroupState.PreparingRebalance"/>; heartbeats tell the members.</item>
/// <item>Each joins. When all did, or the longest of their rebalance timeouts has passed, a generation begins with those who joined.</item>
/// <item>Its leader hands in everybody's assignment; until then the others wait.</item>
/// <item>The assignment is stored before anybody learns of it, so that the next coordinator knows it too.</item>
/// </list>
/// A call that has to wait says that it is pending and is sent again. Repeating is harmless, it shows that the client is still there, and
/// no call keeps the coordinator from moving or stopping. <see cref="Turn"/> tells when asking again makes sense.
/// </remarks>
internal sealed class ClassicGroup(ClassicGroupOptions options, Generation generation)
{
    private readonly ClassicMembers _members = new();
    private TimeSpan? _lastTick;

    // The join phase: when it ends at the latest; and in the first of a group that was empty, by how much that may still be put off.
    private TimeSpan _joinEndsAt;
    private bool _isGathering;
    private bool _hasGrown;
    private TimeSpan _delayLeft;

    // When members that never asked for their assignment are removed.
    private TimeSpan? _syncEndsAt;

    public GroupState State { get; private set; } = GroupState.Empty;

    /// <summary>Counts the completed join phases.</summary>
    public Generation Generation { get; private set; } = generation;

    /// <summary>Counts the changes; an answer may leave once the state it rests on is stored.</summary>
    public long Revision { get; private set; }

    /// <summary>Counts the moments at which calls that wait may have got their answer.</summary>
    public long Turn { get; private set; }

    public string? ProtocolType { get; private set; }

    public string? ProtocolName { get; private set; }

    public string? LeaderId => _members.LeaderId;

    public IReadOnlyCollection<ClassicMember> Members => _members;

    /// <summary>True while time has to be watched.</summary>
    public bool IsAlive => _members.Count > 0 || _members.ExpectedCount > 0 || State == GroupState.PreparingRebalance;

    /// <summary>
    /// Goes on where a stored group stopped, in the same generation: its members notice nothing. Each gets a whole session, and
    /// <see cref="GroupLimits.MaxUnverified"/>, to be heard of; a join phase starts over, since who had joined is not stored.
    /// </summary>
    public static ClassicGroup Restore(ClassicGroupOptions options, ClassicGroupDocument document, Generation stored, TimeSpan now)
    {
        var group = new ClassicGroup(options, stored)
        {
            State = document.Members.Count == 0 ? GroupState.Empty : document.State,
            ProtocolType = document.ProtocolType,
            ProtocolName = document.ProtocolName,
        };
        foreach (var saved in document.Members)
        {
            var member = new ClassicMember(saved.MemberId, saved.InstanceId) { HasSynced = document.State == GroupState.Stable };
            member.Restore(saved, now + GroupLimits.MaxUnverified);
            group._members.Add(member);
        }

        group._members.LeaderId = document.LeaderId is { } leader && group._members.Find(leader) is not null ? leader : group._members.LeaderId;
        group._joinEndsAt = now + group._members.MaxRebalanceTimeout;
        group._syncEndsAt = group._joinEndsAt;
        group.Revision = document.Members.Count == 0 ? 0 : 1;
        return group;
    }

    public ClassicGroupDocument ToDocument() =>
        new(State, ProtocolType, ProtocolName, LeaderId, [.. _members.Select(ClassicMemberDocument.Of)]);

    /// <summary>Lets the generations of a group without members go on after those it had under the other protocol.</summary>
    public void BeginAfter(Generation passed) => Generation = passed > Generation ? passed : Generation;

    public ClassicJoinResponse Join(ClassicJoinRequest request, TimeSpan now)
    {
        if (ClassicRules.Check(request, options) is not ErrorCode.None and var wrong)
        {
            return Refuse(wrong, request.MemberId);
        }

        var member = _members.Find(request.MemberId.Length == 0 ? request.NewMemberId : request.MemberId);
        if (member is not null && (member.Attempt == request.Attempt || member.IsSuperseded(request.Attempt)))
        {
            return Repeat(member, request, now);
        }

        if (!HasRoomFor(member))
        {
            if (member is not null)
            {
                Remove(member);
                GoOn(_members.Count + 1, now);
            }

            return Refuse(ErrorCode.GroupMaxSizeReached, request.MemberId);
        }

        if (State != GroupState.Empty && (request.ProtocolType != ProtocolType || !_members.Shares(request.Protocols)))
        {
            return Refuse(ErrorCode.InconsistentGroupProtocol, request.MemberId);
        }

        return request.MemberId.Length == 0 && member is null ? JoinNew(request, now) : JoinKnown(member, request, now);
    }

    public ClassicSyncResponse Sync(ClassicSyncRequest request, TimeSpan now)
    {
        var error = CheckMember(request.MemberId, request.InstanceId, out var member);
        if (error == ErrorCode.None)
        {
            error = request.Generation != Generation ? ErrorCode.IllegalGeneration
                : (request.ProtocolType ?? ProtocolType) != ProtocolType || (request.ProtocolName ?? ProtocolName) != ProtocolName ? ErrorCode.InconsistentGroupProtocol
                : State == GroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress
                : ErrorCode.None;
        }

        if (error != ErrorCode.None)
        {
            return new ClassicSyncResponse(error, IsPending: false, null, null, []);
        }

        member!.HasSynced = true;
        member.LastHeard = Later(member.LastHeard, now);
        if (State == GroupState.CompletingRebalance && _members.IsLeader(member))
        {
            Assign(request.Assignments);
        }

        return State == GroupState.CompletingRebalance
            ? new ClassicSyncResponse(ErrorCode.None, IsPending: true, null, null, [])
            : new ClassicSyncResponse(ErrorCode.None, IsPending: false, ProtocolType, ProtocolName, member.Assignment);
    }

    public ErrorCode Heartbeat(ClassicIdentity identity, TimeSpan now)
    {
        var error = CheckMember(identity.MemberId, identity.InstanceId, out var member);
        if (error != ErrorCode.None || identity.Generation != Generation)
        {
            return error != ErrorCode.None ? error : ErrorCode.IllegalGeneration;
        }

        member!.LastHeard = Later(member.LastHeard, now);
        return State == GroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    /// <summary>Ends memberships, and answers for each.</summary>
    public ErrorCode[] Leave(IEnumerable<ClassicLeaver> leavers, TimeSpan now)
    {
        var membersBefore = _members.Count;
        ErrorCode[] answers = [.. leavers.Select(Leave)];
        GoOn(membersBefore, now);
        return answers;

        ErrorCode Leave(ClassicLeaver leaver)
        {
            if (leaver.MemberId.Length > 0 && _members.StopExpecting(leaver.MemberId))
            {
                return ErrorCode.None;
            }

            var error = leaver.MemberId.Length == 0 && leaver.InstanceId is { } instanceId
                ? CheckMember(_members.FindInstance(instanceId)?.MemberId ?? "", instanceId, out var member)
                : CheckMember(leaver.MemberId, leaver.InstanceId, out member);
            if (error == ErrorCode.None)
            {
                Remove(member!);
            }

            return error;
        }
    }

    /// <summary>Decides whether somebody may commit offsets.</summary>
    public ErrorCode CheckCommit(ClassicIdentity identity, TimeSpan now)
    {
        // Outsiders name no generation; a group without members does not ask who they are.
        if (identity.Generation <= Generation.None && (State == GroupState.Empty || (identity.MemberId.Length == 0 && identity.InstanceId is null)))
        {
            return State == GroupState.Empty ? ErrorCode.None : ErrorCode.UnknownMemberId;
        }

        var error = CheckMember(identity.MemberId, identity.InstanceId, out var member);
        if (error != ErrorCode.None || identity.Generation != Generation)
        {
            return error != ErrorCode.None ? error : ErrorCode.IllegalGeneration;
        }

        member!.LastHeard = Later(member.LastHeard, now);
        return State == GroupState.CompletingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    /// <summary>Expels who was silent too long and ends the phases whose time has come. Called every <see cref="GroupLimits.TickInterval"/>.</summary>
    /// <returns>The ids of those expelled.</returns>
    public IReadOnlyList<string> Expire(TimeSpan now)
    {
        // A process that was stopped for a while could not hear anybody, and nobody shall suffer for it.
        var deaf = now - (_lastTick ?? now) - (2 * GroupLimits.TickInterval);
        _lastTick = IsAlive ? now : null;
        if (deaf > TimeSpan.Zero)
        {
            _members.Extend(deaf);
            _joinEndsAt += deaf;
            _syncEndsAt += deaf;
        }

        var isSyncOver = State is GroupState.CompletingRebalance or GroupState.Stable && _syncEndsAt <= now;
        var expelled = _members.Where(member => now - member.LastHeard >= member.SessionTimeout || (isSyncOver && !member.HasSynced)).ToList();
        var membersBefore = _members.Count;
        expelled.ForEach(Remove);
        _members.ForgetExpected(now);
        GoOn(membersBefore, now);

        if (State == GroupState.PreparingRebalance && _joinEndsAt <= now)
        {
            EndJoinPhase(now);
        }

        return [.. expelled.Select(member => member.MemberId)];
    }

    private static ClassicJoinResponse Repeat(ClassicMember member, ClassicJoinRequest request, TimeSpan now)
    {
        if (member.IsSuperseded(request.Attempt))
        {
            return Refuse(ErrorCode.RebalanceInProgress, member.MemberId);
        }

        member.LastHeard = Later(member.LastHeard, now);
        return Answer(member);
    }

    private ClassicJoinResponse JoinNew(ClassicJoinRequest request, TimeSpan now)
    {
        if (request.InstanceId is { } instanceId && _members.FindInstance(instanceId) is { } predecessor)
        {
            return _members.IsPredecessor(request.NewMemberId)
                ? Refuse(ErrorCode.FencedInstanceId, request.NewMemberId)
                : Replace(predecessor, request, now);
        }

        if (request.InstanceId is null && request.NeedsMemberIdFirst)
        {
            if (_members.ExpectedCount >= options.MaxMembers)
            {
                return Refuse(ErrorCode.GroupMaxSizeReached, request.MemberId);
            }

            _members.Expect(request.NewMemberId, now + request.SessionTimeout);
            return Refuse(ErrorCode.MemberIdRequired, request.NewMemberId);
        }

        return Admit(request.NewMemberId, request, now);
    }

    private ClassicJoinResponse JoinKnown(ClassicMember? member, ClassicJoinRequest request, TimeSpan now)
    {
        if (member is null && _members.StopExpecting(request.MemberId))
        {
            return Admit(request.MemberId, request, now);
        }

        if (CheckMember(member?.MemberId ?? request.MemberId, request.InstanceId, out _) is not ErrorCode.None and var error)
        {
            return Refuse(error, request.MemberId);
        }

        var isSame = member!.IsSame(request.Protocols);
        if (isSame && (State == GroupState.CompletingRebalance || (State == GroupState.Stable && !_members.IsLeader(member))))
        {
            // The answer to the last join got lost, perhaps; or it only asks whether anything is new. A leader in a stable group asks for
            // a new assignment, because topics changed.
            member.LastHeard = Later(member.LastHeard, now);
            return Complete(member, LeaderId!, skipAssignment: false);
        }

        member.Update(request, now);
        member.IsJoining = true;
        Rebalance(now);
        return Answer(member);
    }

    private ClassicJoinResponse Admit(string memberId, ClassicJoinRequest request, TimeSpan now)
    {
        var member = new ClassicMember(memberId, request.InstanceId) { IsJoining = true };
        member.Update(request, now);
        _members.Add(member);
        ProtocolType = request.ProtocolType;
        _hasGrown = true;
        Rebalance(now);
        return Answer(member);
    }

    /// <summary>
    /// Lets a static member's next life take over. In a stable group nothing else happens, unless another assignor would be chosen now.
    /// A leader that does not know how to skip an assignment is told that the old one leads: nobody would hear of what it assigned.
    /// </summary>
    private ClassicJoinResponse Replace(ClassicMember predecessor, ClassicJoinRequest request, TimeSpan now)
    {
        var leaderBefore = LeaderId!;
        var member = _members.Replace(predecessor, request.NewMemberId);
        member.Update(request, now);
        Revision++;
        Turn++;
        if (State == GroupState.Stable && _members.SelectProtocol() == ProtocolName)
        {
            var skip = request.MaySkipAssignment && _members.IsLeader(member);
            member.Joined = Complete(member, request.MaySkipAssignment ? LeaderId! : leaderBefore, skip);
            return member.Joined;
        }

        member.IsJoining = true;
        Rebalance(now);
        return Answer(member);
    }

    /// <summary>Begins a join phase, or sees whether the present one is complete.</summary>
    private void Rebalance(TimeSpan now)
    {
        if (State != GroupState.PreparingRebalance)
        {
            var longest = _members.MaxRebalanceTimeout;
            var delay = options.InitialRebalanceDelay < longest ? options.InitialRebalanceDelay : longest;
            _isGathering = State == GroupState.Empty && delay > TimeSpan.Zero;
            _hasGrown = false;
            _delayLeft = longest - delay;
            _joinEndsAt = now + (_isGathering ? delay : longest);
            State = GroupState.PreparingRebalance;
            Revision++;
            Turn++;
        }

        if (!_isGathering && _members.ExpectedCount == 0 && _members.All(member => member.IsJoining))
        {
            BeginGeneration(now);
        }
    }

    private void EndJoinPhase(TimeSpan now)
    {
        if (_isGathering && _hasGrown && _delayLeft > TimeSpan.Zero)
        {
            var delay = options.InitialRebalanceDelay < _delayLeft ? options.InitialRebalanceDelay : _delayLeft;
            _hasGrown = false;
            _delayLeft -= delay;
            _joinEndsAt = now + delay;
            return;
        }

        BeginGeneration(now);
    }

    /// <summary>
    /// Begins a generation with those who joined. Static members that did not are kept until their session ends: that is what they are
    /// static for; when there are no others, the phase is put off until then.
    /// </summary>
    private void BeginGeneration(TimeSpan now)
    {
        foreach (var late in _members.Where(member => !member.IsJoining && member.InstanceId is null).ToList())
        {
            Remove(late);
        }

        _isGathering = false;
        if (_members.Count > 0 && !_members.ElectLeader())
        {
            _joinEndsAt = now + _members.MaxRebalanceTimeout;
            return;
        }

        Generation = Generation.Next();
        Revision++;
        Turn++;
        ProtocolName = _members.SelectProtocol();
        State = _members.Count == 0 ? GroupState.Empty : GroupState.CompletingRebalance;
        _syncEndsAt = now + _members.MaxRebalanceTimeout;
        foreach (var member in _members)
        {
            member.HasSynced = false;
            if (member.IsJoining)
            {
                member.IsJoining = false;
                member.LastHeard = Later(member.LastHeard, now);
                member.Joined = Complete(member, LeaderId!, skipAssignment: false);
            }
        }
    }

    private void Assign(ClassicAssignment[] assignments)
    {
        var given = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var assignment in assignments)
        {
            given[assignment.MemberId] = assignment.Assignment;
        }

        foreach (var member in _members)
        {
            member.Assignment = given.GetValueOrDefault(member.MemberId, []);
        }

        State = GroupState.Stable;
        Revision++;
        Turn++;
    }

    private void Remove(ClassicMember member)
    {
        _members.Remove(member);
        Revision++;
        Turn++;
    }

    /// <summary>After departures: the join phase may be complete now, and a generation that lost a member is followed by another.</summary>
    private void GoOn(int membersBefore, TimeSpan now)
    {
        if (State == GroupState.PreparingRebalance || (State != GroupState.Empty && _members.Count < membersBefore))
        {
            Rebalance(now);
        }
    }

    /// <summary>The members are limited; in a join phase by who joined first, since more may be known from before the limit was lowered.</summary>
    private bool HasRoomFor(ClassicMember? member) => State switch
    {
        GroupState.Empty => true,
        GroupState.PreparingRebalance => member is { IsJoining: true } || _members.JoiningCount < options.MaxMembers,
        _ => member is not null || _members.Count < options.MaxMembers,
    };

    private ErrorCode CheckMember(string memberId, string? instanceId, out ClassicMember? member)
    {
        member = _members.Find(memberId);
        if (instanceId is not null && _members.FindInstance(instanceId) is { } current && current.MemberId != memberId)
        {
            return ErrorCode.FencedInstanceId;
        }

        return member is null || (instanceId is not null && member.InstanceId != instanceId) ? ErrorCode.UnknownMemberId : ErrorCode.None;
    }

    private static ClassicJoinResponse Answer(ClassicMember member) => member.Joined ?? new ClassicJoinResponse(
        ErrorCode.None, member.MemberId, IsPending: true, Generation.None, null, null, "", SkipAssignment: false, []);

    private ClassicJoinResponse Complete(ClassicMember member, string leaderId, bool skipAssignment) => new(
        ErrorCode.None,
        member.MemberId,
        IsPending: false,
        Generation,
        ProtocolType,
        ProtocolName,
        leaderId,
        skipAssignment,
        leaderId != member.MemberId ? [] : [.. _members.Select(other => new ClassicJoinedMember(other.MemberId, other.InstanceId, other.MetadataFor(ProtocolName)))]);

    private static ClassicJoinResponse Refuse(ErrorCode error, string memberId) => new(
        error, memberId, IsPending: false, Generation.None, null, null, "", SkipAssignment: false, []);

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
