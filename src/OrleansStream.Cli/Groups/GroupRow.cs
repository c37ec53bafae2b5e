using OrleansStream.Groups;

namespace OrleansStream.Cli.Groups;

/// <summary>A group in listings.</summary>
internal sealed record GroupRow(string GroupId, int Generation, int MemberCount, GroupKind Kind, GroupState State)
{
    public static GroupRow From(GroupListing group) => new(group.GroupId, group.Generation.Value, group.MemberCount, group.Kind, group.State);
}

/// <summary>A group with everything that is known about it.</summary>
internal sealed record GroupDetails(
    string GroupId, GroupKind Kind, GroupState State, int Generation, long? TotalLag, IReadOnlyList<MemberRow> Members, IReadOnlyList<GroupPartitionRow> Partitions)
{
    /// <param name="group">The group.</param>
    /// <param name="lag">The lag in time; null when it was not measured.</param>
    public static GroupDetails From(GroupDescription group, IReadOnlyDictionary<TopicPartition, TimeSpan>? lag = null)
    {
        var partitions = group.Offsets.Select(partition => GroupPartitionRow.From(partition, lag)).ToList();
        return new GroupDetails(
            group.GroupId,
            group.Kind,
            group.State,
            group.Generation.Value,
            partitions.Any(p => p.Lag is null) ? null : partitions.Sum(p => p.Lag),
            [.. group.Members.Select(MemberRow.From)],
            partitions);
    }
}

/// <summary>A member of a group.</summary>
internal sealed record MemberRow(
    string MemberId, string? InstanceId, string ClientId, int Generation, DateTimeOffset LastHeartbeat, IReadOnlyList<string> Topics, IReadOnlyList<string> Assignment)
{
    public static MemberRow From(GroupMember member) => new(
        member.MemberId,
        member.InstanceId,
        member.ClientId,
        member.Generation.Value,
        member.LastHeartbeat,
        member.Topics,
        [.. member.Assignment.Select(p => p.ToString())]);
}

/// <summary>How far a group has come in a partition; null stands for what is not known.</summary>
internal sealed record GroupPartitionRow(
    string Topic, int Partition, long? CommittedOffset, long? LogStartOffset, long? HighWatermark, long? Lag, string? MemberId, string Metadata, double? LagSeconds)
{
    public static GroupPartitionRow From(GroupPartition partition, IReadOnlyDictionary<TopicPartition, TimeSpan>? lag) => new(
        partition.TopicPartition.Topic,
        partition.TopicPartition.Partition,
        Known(partition.CommittedOffset.Value),
        Known(partition.LogStartOffset.Value),
        Known(partition.HighWatermark.Value),
        Known(partition.Lag),
        partition.MemberId,
        partition.Metadata,
        lag?.TryGetValue(partition.TopicPartition, out var late) == true ? late.TotalSeconds : null);

    private static long? Known(long number) => number < 0 ? null : number;
}
