using OrleansStream.Groups;

namespace OrleansStream.Server.Groups.Classic;

/// <summary>What is stored of a classic group: enough for another silo to go on without its members noticing.</summary>
/// <param name="State">What the group was doing.</param>
/// <param name="ProtocolType">What kind of group its members take it for.</param>
/// <param name="ProtocolName">The assignor they agreed on.</param>
/// <param name="LeaderId">The member that makes the assignment.</param>
/// <param name="Members">The members, by id.</param>
internal sealed record ClassicGroupDocument(
    GroupState State, string? ProtocolType, string? ProtocolName, string? LeaderId, IReadOnlyList<ClassicMemberDocument> Members);

/// <summary>What is stored of a member.</summary>
internal sealed record ClassicMemberDocument(
    string MemberId,
    string? InstanceId,
    string ClientId,
    string ClientHost,
    long SessionTimeoutMs,
    long RebalanceTimeoutMs,
    IReadOnlyList<ClassicProtocolDocument> Protocols,
    byte[] Assignment)
{
    public static ClassicMemberDocument Of(ClassicMember member) => new(
        member.MemberId,
        member.InstanceId,
        member.ClientId,
        member.ClientHost,
        (long)member.SessionTimeout.TotalMilliseconds,
        (long)member.RebalanceTimeout.TotalMilliseconds,
        [.. member.Protocols.Select(protocol => new ClassicProtocolDocument(protocol.Name, protocol.Metadata))],
        member.Assignment);
}

/// <summary>What is stored of an assignor that a member knows.</summary>
internal sealed record ClassicProtocolDocument(string Name, byte[] Metadata);
