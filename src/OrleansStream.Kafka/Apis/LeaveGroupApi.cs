using OrleansStream.Groups.Classic;
using OrleansStream.Kafka.Groups;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Ends memberships: the client's own, or from version 3 on any, by member id or instance id.</summary>
internal sealed class LeaveGroupApi(GroupCaller groups) : KafkaApi<LeaveGroupRequest, LeaveGroupResponse>
{
    private const short FirstWithMembers = 3;

    protected override async ValueTask<LeaveGroupResponse?> HandleAsync(LeaveGroupRequest request, RequestContext context)
    {
        ClassicLeaver[] leavers = context.Version < FirstWithMembers
            ? [new ClassicLeaver(request.MemberId, null)]
            : Array.ConvertAll(request.Members, member => new ClassicLeaver(member.MemberId, member.GroupInstanceId));
        var errors = await groups.CallAsync(
            request.GroupId,
            () => groups.Classic(request.GroupId).LeaveAsync(leavers),
            answers => answers.FirstOrDefault(),
            error => Array.ConvertAll(leavers, _ => error),
            context.ConnectionClosed).ConfigureAwait(false);
        if (context.Version < FirstWithMembers)
        {
            return new LeaveGroupResponse { ErrorCode = KafkaErrors.Of(errors[0]) };
        }

        // What concerns the group is told once; what concerns a member, beside it.
        var common = errors.FirstOrDefault(error => error is ErrorCode.InvalidGroupId or (ErrorCode)KafkaError.NotCoordinator);
        return new LeaveGroupResponse
        {
            ErrorCode = KafkaErrors.Of(common),
            Members = common != ErrorCode.None ? [] : [.. leavers.Zip(errors, (leaver, error) => new LeaveGroupResponse.MemberAnswer
            {
                MemberId = leaver.MemberId,
                GroupInstanceId = leaver.InstanceId,
                ErrorCode = KafkaErrors.Of(error),
            })],
        };
    }
}
