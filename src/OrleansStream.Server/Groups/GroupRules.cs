using OrleansStream.Groups;
using OrleansStream.Topics;

namespace OrleansStream.Server.Groups;

/// <summary>What is wrong with a request, whatever the state of the group; null when nothing is.</summary>
internal static class GroupRules
{
    public static Problem? CheckGroupId(string groupId) => CheckId("A group's id", groupId) is { } problem
        ? new Problem(ErrorCode.InvalidGroupId, problem)
        : null;

    public static Problem? Check(JoinGroupRequest request)
    {
        if ((CheckId("A member's id", request.MemberId)
            ?? (request.InstanceId is null ? null : CheckId("An instance id", request.InstanceId))
            ?? (request.ClientId is { Length: <= ProtocolLimits.MaxIdLength } ? null : $"A client id has at most {ProtocolLimits.MaxIdLength} characters.")) is { } problem)
        {
            return new Problem(ErrorCode.InvalidRequest, problem);
        }

        if (request.Topics is not { Length: > 0 and <= GroupLimits.MaxTopicsPerMember })
        {
            return new Problem(ErrorCode.InvalidRequest, $"A member subscribes to 1 to {GroupLimits.MaxTopicsPerMember} topics.");
        }

        foreach (var topic in request.Topics)
        {
            if (!TopicName.IsValid(topic, out var wrong))
            {
                return new Problem(ErrorCode.InvalidTopic, wrong);
            }
        }

        if (request.SessionTimeout < GroupLimits.MinSessionTimeout || request.SessionTimeout > GroupLimits.MaxSessionTimeout)
        {
            return new Problem(
                ErrorCode.InvalidSessionTimeout,
                $"A session timeout lies between {GroupLimits.MinSessionTimeout} and {GroupLimits.MaxSessionTimeout}; {request.SessionTimeout} does not.");
        }

        return request.RebalanceTimeout < GroupLimits.MinSessionTimeout || request.RebalanceTimeout > GroupLimits.MaxRebalanceTimeout
            ? new Problem(
                ErrorCode.InvalidRequest,
                $"A rebalance timeout lies between {GroupLimits.MinSessionTimeout} and {GroupLimits.MaxRebalanceTimeout}; {request.RebalanceTimeout} does not.")
            : null;
    }

    /// <summary>Checks offsets to be committed or reset.</summary>
    /// <param name="offsets">The offsets.</param>
    /// <param name="mayForget">Whether <see cref="Offset.None"/> is allowed, which removes what was committed.</param>
    public static Problem? Check(CommittedOffset[] offsets, bool mayForget)
    {
        if (offsets is not { Length: <= GroupLimits.MaxOffsetsPerRequest })
        {
            return new Problem(ErrorCode.InvalidRequest, $"A request carries at most {GroupLimits.MaxOffsetsPerRequest} offsets; send several.");
        }

        foreach (var offset in offsets)
        {
            if (!offset.Offset.HasValue && !(mayForget && offset.Offset == Offset.None))
            {
                return new Problem(ErrorCode.InvalidRequest, $"The offset of {offset.TopicPartition} is {offset.Offset}; a committed offset is 0 or more.");
            }

            if (offset.Metadata is { Length: > ProtocolLimits.MaxOffsetMetadataLength })
            {
                return new Problem(
                    ErrorCode.OffsetMetadataTooLarge,
                    $"The metadata of {offset.TopicPartition} has {offset.Metadata.Length} characters, and {ProtocolLimits.MaxOffsetMetadataLength} are allowed.");
            }
        }

        return null;
    }

    private static string? CheckId(string what, string? id) => id switch
    {
        null or "" => $"{what} must not be empty.",
        { Length: > ProtocolLimits.MaxIdLength } => $"{what} has at most {ProtocolLimits.MaxIdLength} characters; this one has {id.Length}.",
        _ => FindForbidden(id) is { } at ? $"{what} holds no control characters and no half characters; position {at} of this one does." : null,
    };

    /// <summary>Finds what no store and no terminal would give back unchanged: control characters, and surrogates without a partner.</summary>
    private static int? FindForbidden(string id)
    {
        for (var at = 0; at < id.Length; at++)
        {
            if (char.IsControl(id[at]))
            {
                return at;
            }

            if (char.IsSurrogate(id[at]))
            {
                if (at + 1 == id.Length || !char.IsSurrogatePair(id[at], id[at + 1]))
                {
                    return at;
                }

                at++;
            }
        }

        return null;
    }
}

/// <summary>Why a request is refused.</summary>
internal sealed record Problem(ErrorCode Error, string Message);
