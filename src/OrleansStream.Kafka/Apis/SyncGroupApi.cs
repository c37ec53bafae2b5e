using OrleansStream.Groups.Classic;
using OrleansStream.Kafka.Groups;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Hands in the leader's assignment, and tells a client its share; the answer waits for the leader.</summary>
internal sealed class SyncGroupApi(GroupCaller groups) : KafkaApi<SyncGroupRequest, SyncGroupResponse>
{
    protected override async ValueTask<SyncGroupResponse?> HandleAsync(SyncGroupRequest request, RequestContext context)
    {
        var sync = new ClassicSyncRequest(
            request.MemberId,
            new Generation(request.GenerationId),
            request.GroupInstanceId,
            request.ProtocolType,
            request.ProtocolName,
            Array.ConvertAll(request.Assignments, share => new ClassicAssignment(share.MemberId, share.Assignment.ToArray())));
        var synced = await groups.CallAsync(
            request.GroupId,
            () => groups.Classic(request.GroupId).SyncAsync(sync),
            answer => answer.Error,
            error => new ClassicSyncResponse(error, IsPending: false, null, null, []),
            context.ConnectionClosed,
            answer => answer.IsPending).ConfigureAwait(false);
        return new SyncGroupResponse
        {
            ErrorCode = KafkaErrors.Of(synced.Error),
            ProtocolType = synced.ProtocolType,
            ProtocolName = synced.ProtocolName,
            Assignment = synced.Assignment,
        };
    }
}
