using OrleansStream.Groups;

namespace OrleansStream.Cli.Groups;

/// <summary>A group in listings.</summary>
internal sealed record GroupRow(string GroupId, int Generation, int MemberCount)
{
    public static GroupRow From(GroupListing group) => new(group.GroupId, group.Generation.Value, group.MemberCount);
}

/// <summary>A group with everything that is known about it.</summary>
internal sealed record GroupDetails(
    string GroupId, GroupState State, int Generation, long? TotalLag, IReadOnlyList<MemberRow> Members, IReadOnlyList<GroupPartitionRow> Partitions)
{
    public static GroupDetails From(GroupDescription group)
    {
        var partitions = group.Offsets.Select(GroupPartitionRow.From).ToList();
        return new GroupDetails(
            group.GroupId,
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
    string Topic, int Partition, long? CommittedOffset, long? LogStartOffset, long? HighWatermark, long? Lag, string? MemberId, string Metadata)
{
    public static GroupPartitionRow From(GroupPartition partition) => new(
        partition.TopicPartition.Topic,
        partition.TopicPartition.Partition,
        Known(partition.CommittedOffset.Value),
        Known(partition.LogStartOffset.Value),
        Known(partition.HighWatermark.Value),
        Known(partition.Lag),
        partition.MemberId,
        partition.Metadata);

    private static long? Known(long number) => number < 0 ? null : number;
}
