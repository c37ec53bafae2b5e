using OrleansStream.Groups.Classic;
using OrleansStream.Kafka.Groups;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Apis;

/// <summary>Lets a client take part in a group's next generation; the answer waits for the other members.</summary>
internal sealed class JoinGroupApi(GroupCaller groups) : KafkaApi<JoinGroupRequest, JoinGroupResponse>
{
    private const short FirstWithRebalanceTimeout = 1;
    private const short FirstWithMemberIdFirst = 4;
    private const short FirstWithNullableProtocol = 7;
    private const short FirstWithSkipAssignment = 9;

    protected override async ValueTask<JoinGroupResponse?> HandleAsync(JoinGroupRequest request, RequestContext context)
    {
        var join = ToJoin(request, context);
        var joined = await groups.CallAsync(
            request.GroupId,
            () => groups.Classic(request.GroupId).JoinAsync(join),
            answer => answer.Error,
            error => new ClassicJoinResponse(error, request.MemberId, IsPending: false, Generation.None, null, null, "", SkipAssignment: false, []),
            context.ConnectionClosed,
            answer => answer.IsPending).ConfigureAwait(false);
        return new JoinGroupResponse
        {
            ErrorCode = KafkaErrors.Of(joined.Error),
            GenerationId = joined.Generation.Value,
            ProtocolType = joined.ProtocolType,
            ProtocolName = joined.ProtocolName ?? (context.Version < FirstWithNullableProtocol ? "" : null),
            Leader = joined.LeaderId,
            SkipAssignment = joined.SkipAssignment,
            MemberId = joined.MemberId,
            Members = Array.ConvertAll(joined.Members, member => new JoinGroupResponse.Member
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.InstanceId,
                Metadata = member.Metadata,
            }),
        };
    }

    private static ClassicJoinRequest ToJoin(JoinGroupRequest request, RequestContext context)
    {
        var name = request.GroupInstanceId ?? Shorten(context.ClientId ?? "");
        return new ClassicJoinRequest(
            Guid.NewGuid(),
            request.MemberId,
            $"{name}-{Guid.NewGuid()}",
            request.GroupInstanceId,
            Shorten(context.ClientId ?? ""),
            "/" + context.Connection.Host,
            TimeSpan.FromMilliseconds(request.SessionTimeoutMs),
            TimeSpan.FromMilliseconds(context.Version < FirstWithRebalanceTimeout ? request.SessionTimeoutMs : Math.Max(0, request.RebalanceTimeoutMs)),
            request.ProtocolType,
            // The frame's memory goes back to the pool when the request is over; the group keeps what it is told.
            Array.ConvertAll(request.Protocols, protocol => new ClassicProtocol(protocol.Name, protocol.Metadata.ToArray())),
            context.Version >= FirstWithMemberIdFirst,
            context.Version >= FirstWithSkipAssignment);
    }

    private static string Shorten(string clientId) => clientId.Length <= ProtocolLimits.MaxIdLength ? clientId : clientId[..ProtocolLimits.MaxIdLength];
}
