using OrleansStream.Kafka.Groups;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Forgets groups without members, and their offsets.</summary>
internal sealed class DeleteGroupsApi(GroupCaller groups) : KafkaApi<DeleteGroupsRequest, DeleteGroupsResponse>
{
    protected override async ValueTask<DeleteGroupsResponse?> HandleAsync(DeleteGroupsRequest request, RequestContext context) => new DeleteGroupsResponse
    {
        Results = await FewAtOnce.AnswerAsync(
            [.. request.GroupsNames.Distinct(StringComparer.Ordinal)], groupId => DeleteAsync(groupId, context), context.ConnectionClosed).ConfigureAwait(false),
    };

    private async Task<DeleteGroupsResponse.GroupResult> DeleteAsync(string groupId, RequestContext context)
    {
        var error = await groups.CallAsync(
            groupId,
            async () =>
            {
                await groups.Group(groupId).DeleteAsync().ConfigureAwait(false);
                return ErrorCode.None;
            },
            answer => answer,
            error => error,
            context.ConnectionClosed).ConfigureAwait(false);
        return new() { GroupId = groupId, ErrorCode = KafkaErrors.Of(error) };
    }
}
