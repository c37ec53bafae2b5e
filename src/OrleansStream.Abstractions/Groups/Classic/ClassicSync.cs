namespace OrleansStream.Groups.Classic;

/// <summary>What the leader decided for a member.</summary>
/// <param name="MemberId">The member.</param>
/// <param name="Assignment">Its partitions; bytes that only members understand. Nobody writes to them.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.classic-assignment")]
public sealed record ClassicAssignment([property: Id(0)] string MemberId, [property: Id(1)] byte[] Assignment);

/// <summary>
/// Asks for the member's share of a generation, and from the leader hands in everybody's. While the answer says
/// <see cref="ClassicSyncResponse.IsPending"/> the same request is sent again.
/// </summary>
/// <param name="MemberId">The member.</param>
/// <param name="Generation">The generation of its last join.</param>
/// <param name="InstanceId">Set for a static member.</param>
/// <param name="ProtocolType">The group's kind as the member knows it; null when it does not say.</param>
/// <param name="ProtocolName">The assignor as the member knows it; null when it does not say.</param>
/// <param name="Assignments">From the leader; members that are left out get nothing.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.classic-sync-request")]
public sealed record ClassicSyncRequest(
    [property: Id(0)] string MemberId,
    [property: Id(1)] Generation Generation,
    [property: Id(2)] string? InstanceId,
    [property: Id(3)] string? ProtocolType,
    [property: Id(4)] string? ProtocolName,
    [property: Id(5)] ClassicAssignment[] Assignments);

/// <summary>The answer to a sync.</summary>
/// <param name="Error">Why there is no assignment, or <see cref="ErrorCode.None"/>.</param>
/// <param name="IsPending">The leader has not decided yet; ask again.</param>
/// <param name="ProtocolType">The group's kind.</param>
/// <param name="ProtocolName">The assignor that was chosen.</param>
/// <param name="Assignment">The member's partitions.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.classic-sync-response")]
public sealed record ClassicSyncResponse(
    [property: Id(0)] ErrorCode Error,
    [property: Id(1)] bool IsPending,
    [property: Id(2)] string? ProtocolType,
    [property: Id(3)] string? ProtocolName,
    [property: Id(4)] byte[] Assignment);
