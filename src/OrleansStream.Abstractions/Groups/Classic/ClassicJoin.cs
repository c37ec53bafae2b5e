namespace OrleansStream.Groups.Classic;

/// <summary>An assignor that a member knows, with what it tells whoever leads the group.</summary>
/// <param name="Name">The assignor's name.</param>
/// <param name="Metadata">The member's subscription; bytes that only members understand. Nobody writes to them.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.classic-protocol")]
public sealed record ClassicProtocol([property: Id(0)] string Name, [property: Id(1)] byte[] Metadata);

/// <summary>
/// Asks to take part in the group's next generation. The answer waits for the other members, in pieces: while it says
/// <see cref="ClassicJoinResponse.IsPending"/> the same request is sent again, which is also what keeps the member alive.
/// </summary>
/// <param name="Attempt">The same for every repetition of one attempt; another attempt takes its place.</param>
/// <param name="MemberId">The member's id; empty for one that has none yet.</param>
/// <param name="NewMemberId">The id that a member without one shall get; made by the caller so that a repetition is recognised.</param>
/// <param name="InstanceId">Set for a static member.</param>
/// <param name="ClientId">Says to people who this is.</param>
/// <param name="ClientHost">Where it calls from.</param>
/// <param name="SessionTimeout">After this time in silence the member is expelled.</param>
/// <param name="RebalanceTimeout">How long the others wait for it to join a generation.</param>
/// <param name="ProtocolType">What kind of group it takes this for; <c>consumer</c> as a rule.</param>
/// <param name="Protocols">The assignors it knows, the preferred one first.</param>
/// <param name="NeedsMemberIdFirst">A new member is only given an id, and joins with it; so one that dies in between is never waited for long.</param>
/// <param name="MaySkipAssignment">A leader that comes back understands that nothing is to be assigned.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.classic-join-request")]
public sealed record ClassicJoinRequest(
    [property: Id(0)] Guid Attempt,
    [property: Id(1)] string MemberId,
    [property: Id(2)] string NewMemberId,
    [property: Id(3)] string? InstanceId,
    [property: Id(4)] string ClientId,
    [property: Id(5)] string ClientHost,
    [property: Id(6)] TimeSpan SessionTimeout,
    [property: Id(7)] TimeSpan RebalanceTimeout,
    [property: Id(8)] string ProtocolType,
    [property: Id(9)] ClassicProtocol[] Protocols,
    [property: Id(10)] bool NeedsMemberIdFirst,
    [property: Id(11)] bool MaySkipAssignment);

/// <summary>A member as its leader sees it.</summary>
/// <param name="MemberId">The member.</param>
/// <param name="InstanceId">Set for a static member.</param>
/// <param name="Metadata">Its subscription under the assignor that was chosen.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.classic-joined-member")]
public sealed record ClassicJoinedMember(
    [property: Id(0)] string MemberId,
    [property: Id(1)] string? InstanceId,
    [property: Id(2)] byte[] Metadata);

/// <summary>The answer to a join.</summary>
/// <param name="Error">Why the member does not take part, or <see cref="ErrorCode.None"/>.</param>
/// <param name="MemberId">The member's id.</param>
/// <param name="IsPending">The generation is not complete yet; ask again.</param>
/// <param name="Generation">The generation it takes part in.</param>
/// <param name="ProtocolType">The group's kind.</param>
/// <param name="ProtocolName">The assignor that was chosen.</param>
/// <param name="LeaderId">The member that makes the assignment.</param>
/// <param name="SkipAssignment">The leader keeps the assignment there is.</param>
/// <param name="Members">All members, for the leader; empty for the others.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.classic-join-response")]
public sealed record ClassicJoinResponse(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] string MemberId,
    [property: Id(2)] bool IsPending,
    [property: Id(3)] Generation Generation,
    [property: Id(4)] string? ProtocolType,
    [property: Id(5)] string? ProtocolName,
    [property: Id(6)] string LeaderId,
    [property: Id(7)] bool SkipAssignment,
    [property: Id(8)] ClassicJoinedMember[] Members);
