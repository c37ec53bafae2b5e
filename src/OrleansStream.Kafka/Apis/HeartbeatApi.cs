using OrleansStream.Groups.Classic;
using OrleansStream.Kafka.Groups;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Keeps a member alive, and tells it when to join again.</summary>
internal sealed class HeartbeatApi(GroupCaller groups) : KafkaApi<HeartbeatRequest, HeartbeatResponse>
{
    protected override async ValueTask<HeartbeatResponse?> HandleAsync(HeartbeatRequest request, RequestContext context)
    {
        var member = new ClassicIdentity(request.MemberId, new Generation(request.GenerationId), request.GroupInstanceId);
        var error = await groups.CallAsync(
            request.GroupId,
            () => groups.Classic(request.GroupId).HeartbeatAsync(member),
            answer => answer,
            error => error,
            context.ConnectionClosed).ConfigureAwait(false);
        return new HeartbeatResponse { ErrorCode = KafkaErrors.Of(error) };
    }
}
