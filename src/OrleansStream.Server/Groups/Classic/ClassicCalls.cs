using OrleansStream.Groups;
using OrleansStream.Groups.Classic;

namespace OrleansStream.Server.Groups.Classic;

/// <summary>
/// The calls of classic members between <see cref="GroupGrain"/> and the rules: members of the other protocol keep them out, and a call
/// that has to wait for other members does so for a short time only, since a running call keeps its grain from moving and its silo from
/// stopping. Its caller sends it again.
/// </summary>
/// <param name="watch">Called once a decision was made, before anything waits.</param>
/// <param name="isLeaving">True when the grain is about to move, and nothing may wait any more.</param>
internal sealed class ClassicCalls(Action<GroupCoordinator> watch, Func<bool> isLeaving)
{
    public async Task<ClassicJoinResponse> JoinAsync(GroupCoordinator coordinator, ClassicJoinRequest request)
    {
        await VerifyAsync(coordinator, new ClassicIdentity(request.MemberId, Generation.None, request.InstanceId));
        return await WaitAsync(
            coordinator,
            () => coordinator.BeginClassic()
                ? coordinator.Classic.Join(request, coordinator.Now)
                : RefuseJoin(ErrorCode.InconsistentGroupProtocol, request.MemberId),
            answer => answer.IsPending);
    }

    public async Task<ClassicSyncResponse> SyncAsync(GroupCoordinator coordinator, ClassicSyncRequest request)
    {
        await VerifyAsync(coordinator, new ClassicIdentity(request.MemberId, request.Generation, request.InstanceId));
        return await WaitAsync(coordinator, () => coordinator.Classic.Sync(request, coordinator.Now), answer => answer.IsPending);
    }

    public static async Task<ErrorCode> HeartbeatAsync(GroupCoordinator coordinator, ClassicIdentity member)
    {
        await VerifyAsync(coordinator, member);
        return coordinator.Classic.Heartbeat(member, coordinator.Now);
    }

    public static async Task<ErrorCode[]> LeaveAsync(GroupCoordinator coordinator, ClassicLeaver[] members)
    {
        foreach (var member in members)
        {
            await VerifyAsync(coordinator, new ClassicIdentity(member.MemberId, Generation.None, member.InstanceId));
        }

        return coordinator.Classic.Leave(members, coordinator.Now);
    }

    /// <summary>Decides whether somebody may commit; the caller writes without awaiting anything in between.</summary>
    public static ErrorCode CheckCommit(GroupCoordinator coordinator, ClassicIdentity identity) =>
        coordinator.Group.Members.Count > 0 ? ErrorCode.UnknownMemberId
        : !coordinator.Writer.IsStored && coordinator.Classic.State == GroupState.Empty && identity.Generation > Generation.None ? ErrorCode.GroupIdNotFound
        : coordinator.Classic.CheckCommit(identity, coordinator.Now);

    /// <summary>
    /// What is news to this coordinator, a generation or a member, was made by another one; the store tells which of the two goes on.
    /// </summary>
    public static Task VerifyAsync(GroupCoordinator coordinator, ClassicIdentity told)
    {
        var isNews = told.Generation > coordinator.Classic.Generation
            || (told.MemberId.Length > 0 && coordinator.Classic.Members.All(member => member.MemberId != told.MemberId));
        return isNews && coordinator.Writer.IsStored ? coordinator.Writer.VerifyAsync() : Task.CompletedTask;
    }

    public static ClassicJoinResponse RefuseJoin(ErrorCode error, string memberId) =>
        new(error, memberId, IsPending: false, Generation.None, null, null, "", SkipAssignment: false, []);

    public static ClassicSyncResponse RefuseSync(ErrorCode error) => new(error, IsPending: false, null, null, []);

    /// <summary>Decides again at every turn of the group until there is an answer, or the time is over that a call may take.</summary>
    private async Task<T> WaitAsync<T>(GroupCoordinator coordinator, Func<T> decide, Func<T, bool> isPending)
    {
        var endsAt = coordinator.Now + GroupLimits.MaxCallWait;
        while (true)
        {
            var answer = decide();
            watch(coordinator);
            coordinator.Turns.Announce(coordinator.Classic.Turn);
            var left = endsAt - coordinator.Now;
            if (!isPending(answer) || left <= TimeSpan.Zero || isLeaving())
            {
                return answer;
            }

            await coordinator.Turns.WaitAsync(left);
            if (coordinator.Writer.Failure is { } failure)
            {
                throw failure;
            }
        }
    }
}
