using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansStream.Groups;

namespace OrleansStream.Server.Groups;

/// <summary>What is stored of a group's membership, as JSON: enough to go on after a restart without moving anything.</summary>
/// <param name="Topics">The topics subscribed to, as the coordinator knew them.</param>
/// <param name="Members">The members.</param>
internal sealed record GroupDocument(IReadOnlyList<GroupTopic> Topics, IReadOnlyList<MemberDocument> Members)
{
    /// <summary>A group without members.</summary>
    public static GroupDocument Empty { get; } = new([], []);

    public string ToJson() => JsonSerializer.Serialize(this, GroupJson.Default.GroupDocument);

    public static GroupDocument Parse(string json) =>
        JsonSerializer.Deserialize(json, GroupJson.Default.GroupDocument)
        ?? throw new JsonException("A group's document is null.");
}

/// <summary>What is stored of a member.</summary>
internal sealed record MemberDocument(
    string MemberId,
    string? InstanceId,
    string? Predecessor,
    string ClientId,
    IReadOnlyList<string> Topics,
    long SessionTimeoutMs,
    long RebalanceTimeoutMs,
    long JoinSequence,
    IReadOnlyList<TopicPartitionsDocument> Target,
    IReadOnlyList<TopicPartitionsDocument> Owned)
{
    public static MemberDocument Of(GroupMembership member) => new(
        member.MemberId,
        member.InstanceId,
        member.Predecessor,
        member.ClientId,
        member.Topics,
        (long)member.SessionTimeout.TotalMilliseconds,
        (long)member.RebalanceTimeout.TotalMilliseconds,
        member.JoinSequence,
        TopicPartitionsDocument.Of(member.Target),
        TopicPartitionsDocument.Of(member.Owned.Values.Select(ownership => ownership.Partition)));

    /// <summary>The join that would make such a member.</summary>
    public JoinGroupRequest ToJoin() => new(
        MemberId,
        InstanceId,
        ClientId,
        [.. Topics],
        TimeSpan.FromMilliseconds(SessionTimeoutMs),
        TimeSpan.FromMilliseconds(RebalanceTimeoutMs),
        JoinSequence);
}

/// <summary>Partitions of one topic. The id belongs to it: what is owned may be of a topic that was created anew since.</summary>
internal sealed record TopicPartitionsDocument(string Topic, Guid TopicId, IReadOnlyList<int> Partitions)
{
    public static IReadOnlyList<TopicPartitionsDocument> Of(IEnumerable<AssignedPartition> partitions) =>
    [
        .. partitions.GroupBy(partition => (partition.TopicPartition.Topic, partition.Partition.TopicId))
            .OrderBy(topic => topic.Key.Topic, StringComparer.Ordinal)
            .Select(topic => new TopicPartitionsDocument(
                topic.Key.Topic, topic.Key.TopicId, [.. topic.Select(partition => partition.TopicPartition.Partition).Order()])),
    ];

    public IEnumerable<AssignedPartition> ToPartitions() => Partitions.Select(
        number => new AssignedPartition(new TopicPartition(Topic, number), new PartitionId(TopicId, number)));
}

/// <summary>How the document is written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GroupDocument))]
internal sealed partial class GroupJson : JsonSerializerContext;
