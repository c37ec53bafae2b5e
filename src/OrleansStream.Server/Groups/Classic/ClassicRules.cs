using OrleansStream.Groups.Classic;

namespace OrleansStream.Server.Groups.Classic;

/// <summary>What is wrong with a request of a classic member, whatever the state of the group; <see cref="ErrorCode.None"/> when nothing is.</summary>
internal static class ClassicRules
{
    /// <summary>The most assignors that a member may bring.</summary>
    private const int MaxProtocols = 100;

    public static ErrorCode Check(ClassicJoinRequest request, ClassicGroupOptions options)
    {
        if (request.SessionTimeout < options.MinSessionTimeout || request.SessionTimeout > options.MaxSessionTimeout)
        {
            return ErrorCode.InvalidSessionTimeout;
        }

        var isId = IsId(request.NewMemberId) && (request.MemberId.Length == 0 || IsId(request.MemberId)) && (request.InstanceId is null || IsId(request.InstanceId));
        return !isId || request.Attempt == default || request.Protocols.Length > MaxProtocols ? ErrorCode.InvalidRequest
            : request.ProtocolType.Length == 0 || request.Protocols.Length == 0 ? ErrorCode.InconsistentGroupProtocol
            : ErrorCode.None;
    }

    /// <summary>Checks an offset to be committed.</summary>
    public static ErrorCode Check(OrleansStream.Groups.CommittedOffset offset) =>
        offset.Metadata is { Length: > ProtocolLimits.MaxOffsetMetadataLength } ? ErrorCode.OffsetMetadataTooLarge
        : !offset.Offset.HasValue ? ErrorCode.InvalidRequest
        : ErrorCode.None;

    // Twice the length of an instance id or client id: a new member's id is one of those with a random part.
    private static bool IsId(string id) => id.Length is > 0 and <= 2 * ProtocolLimits.MaxIdLength;
}
