namespace OrleansStream.Groups;

/// <summary>An offset to commit, or one that was committed.</summary>
/// <param name="TopicPartition">The partition.</param>
/// <param name="Offset">The next offset to consume: one more than that of the last record done.</param>
/// <param name="Metadata">Whatever the member wants to remember, at most <see cref="ProtocolLimits.MaxOffsetMetadataLength"/> characters.</param>
/// <param name="LeaderEpoch">The epoch of the last record done, when it is known.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.committed-offset")]
public readonly record struct CommittedOffset(
    [property: Id(0)] TopicPartition TopicPartition,
    [property: Id(1)] Offset Offset,
    [property: Id(2)] string Metadata,
    [property: Id(3)] LeaderEpoch LeaderEpoch);

/// <summary>Commits offsets.</summary>
/// <param name="MemberId">The member; empty for a commit from outside, which is accepted only while the group has no members.</param>
/// <param name="Generation">The member's generation; <see cref="Generation.None"/> from outside.</param>
/// <param name="Offsets">What to commit; all of it must be the member's own.</param>
/// <param name="Sequence">
/// Counts the member's commits, from 1; a repeated attempt gets a new number. Calls may overtake each other: an offset that
/// arrives after one with a higher number is passed over, as if it had come first. So an owner that sought backwards may
/// commit backwards, and an attempt that was given up cannot (invariant I7). 0 takes part in no order.
/// </param>
[GenerateSerializer, Immutable, Alias("orleansstream.commit-request")]
public sealed record CommitRequest(
    [property: Id(0)] string MemberId,
    [property: Id(1)] Generation Generation,
    [property: Id(2)] CommittedOffset[] Offsets,
    [property: Id(3)] long Sequence = 0);

/// <summary>The answer to a commit: all of it is durable, or nothing is.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/> when the offsets are durable. <see cref="ErrorCode.IllegalGeneration"/>: heartbeat, then try
/// again under the generation in its answer. <see cref="ErrorCode.RebalanceInProgress"/>: a partition is not, or no longer, the
/// member's; heartbeat, and leave out what is not in its assignment. <see cref="ErrorCode.UnknownMemberId"/> and
/// <see cref="ErrorCode.FencedInstanceId"/> end the membership. <see cref="ErrorCode.NonEmptyGroup"/>: a commit from outside
/// while there are members.
/// </param>
/// <param name="Message">What to do about the error, for people.</param>
[GenerateSerializer, Immutable, Alias("orleansstream.commit-response")]
public sealed record CommitResponse([property: Id(0)] ErrorCode Error, [property: Id(1)] string? Message = null);
