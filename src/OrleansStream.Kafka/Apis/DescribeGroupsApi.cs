using OrleansStream.Groups.Classic;
using OrleansStream.Kafka.Groups;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Shows groups with their members, also those of the SDK. A group that does not exist is "Dead", which is no error.</summary>
internal sealed class DescribeGroupsApi(GroupCaller groups) : KafkaApi<DescribeGroupsRequest, DescribeGroupsResponse>
{
    /// <summary>What a member takes in an answer, beside what it and its leader said.</summary>
    private const int MemberBytes = 512;

    protected override async ValueTask<DescribeGroupsResponse?> HandleAsync(DescribeGroupsRequest request, RequestContext context) => new DescribeGroupsResponse
    {
        Groups = await FewAtOnce.AnswerAsync(request.Groups, groupId => DescribeAsync(groupId, request.IncludeAuthorizedOperations, context), context.ConnectionClosed).ConfigureAwait(false),
    };

    private async Task<DescribeGroupsResponse.DescribedGroup> DescribeAsync(string groupId, bool withOperations, RequestContext context)
    {
        var (error, group) = await groups.CallAsync(
            groupId,
            async () => (Error: ErrorCode.None, Group: await groups.Classic(groupId).DescribeAsync().ConfigureAwait(false)),
            answer => answer.Error,
            error => (error, null),
            context.ConnectionClosed).ConfigureAwait(false);
        context.Charge((group?.Members ?? []).Sum(member => MemberBytes + (2L * member.Metadata.Length) + (2L * member.Assignment.Length)));
        return new()
        {
            ErrorCode = KafkaErrors.Of(error),
            GroupId = groupId,
            GroupState = error != ErrorCode.None ? "" : group?.State.ToString() ?? "Dead",
            ProtocolType = group?.ProtocolType ?? "",
            ProtocolData = group?.ProtocolName ?? "",
            Members = Array.ConvertAll(group?.Members ?? [], Describe),
            AuthorizedOperations = withOperations ? AuthorizedOperations.OnGroup : AuthorizedOperations.Untold,
        };
    }

    private static DescribeGroupsResponse.DescribedMember Describe(ClassicGroupMember member) => new()
    {
        MemberId = member.MemberId,
        GroupInstanceId = member.InstanceId,
        ClientId = member.ClientId,
        ClientHost = member.ClientHost,
        MemberMetadata = member.Metadata,
        MemberAssignment = member.Assignment,
    };
}
