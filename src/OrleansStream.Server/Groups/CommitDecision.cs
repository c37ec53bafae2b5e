using OrleansStream.Groups;

namespace OrleansStream.Server.Groups;

/// <summary>What a group decides about a commit.</summary>
/// <param name="Error">Why it is refused as a whole, or <see cref="ErrorCode.None"/>.</param>
/// <param name="Message">What to do about the error, for people.</param>
/// <param name="Offsets">What is to be stored: all of it, less what a later commit has overtaken.</param>
internal sealed record CommitDecision(ErrorCode Error, string? Message, IReadOnlyList<KeyValuePair<PartitionId, CommittedOffset>> Offsets)
{
    public static CommitDecision Accept(IReadOnlyList<KeyValuePair<PartitionId, CommittedOffset>> offsets) => new(ErrorCode.None, null, offsets);

    public static CommitDecision Refuse(ErrorCode error, string message) => new(error, message, []);
}
