namespace OrleansStream.Groups.Classic;

/// <summary>Whom a call comes from.</summary>
/// <param name="MemberId">The member; empty for a caller that is none.</param>
/// <param name="Generation">Its generation; <see cref="OrleansStream.Generation.None"/> for a caller that is no member.</param>
/// <param name="InstanceId">Set for a static member.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.classic-identity")]
public sealed record ClassicIdentity(
    [property: Id(0)] string MemberId,
    [property: Id(1)] Generation Generation,
    [property: Id(2)] string? InstanceId);

/// <summary>A member that goes.</summary>
/// <param name="MemberId">The member; empty to name it by its instance id alone.</param>
/// <param name="InstanceId">Set for a static member.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.classic-leaver")]
public sealed record ClassicLeaver([property: Id(0)] string MemberId, [property: Id(1)] string? InstanceId);

/// <summary>A group as Kafka's tools see it, whichever protocol its members speak.</summary>
/// <param name="State">What it is doing.</param>
/// <param name="ProtocolType"><c>consumer</c> as a rule; empty when it never had members.</param>
/// <param name="ProtocolName">The assignor; empty unless members agreed on one.</param>
/// <param name="Members">Its members, by id.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.classic-group-description")]
public sealed record ClassicGroupDescription(
    [property: Id(0)] GroupState State,
    [property: Id(1)] string ProtocolType,
    [property: Id(2)] string ProtocolName,
    [property: Id(3)] ClassicGroupMember[] Members);

/// <summary>A member as Kafka's tools see it.</summary>
/// <param name="MemberId">The member.</param>
/// <param name="InstanceId">Set for a static member.</param>
/// <param name="ClientId">Says to people who this is.</param>
/// <param name="ClientHost">Where it calls from.</param>
/// <param name="Metadata">Its subscription, once the members agreed on an assignor.</param>
/// <param name="Assignment">Its partitions, once it has some.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.classic-group-member")]
public sealed record ClassicGroupMember(
    [property: Id(0)] string MemberId,
    [property: Id(1)] string? InstanceId,
    [property: Id(2)] string ClientId,
    [property: Id(3)] string ClientHost,
    [property: Id(4)] byte[] Metadata,
    [property: Id(5)] byte[] Assignment);
