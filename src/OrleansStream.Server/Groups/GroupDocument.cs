using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansStream.Groups;

namespace OrleansStream.Server.Groups;

/// <summary>What is stored of a group's membership, as JSON: enough to go on after a restart without moving anything.</summary>
/// <param name="Topics">The topics that the members' partitions belong to, as the coordinator knew them.</param>
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

/// <summary>What is stored of a member. Partitions are numbers by topic name.</summary>
internal sealed record MemberDocument(
    string MemberId,
    string? InstanceId,
    string? Predecessor,
    string ClientId,
    IReadOnlyList<string> Topics,
    long SessionTimeoutMs,
    long RebalanceTimeoutMs,
    IReadOnlyDictionary<string, int[]> Target,
    IReadOnlyDictionary<string, int[]> Owned)
{
    public static MemberDocument Of(GroupMembership member) => new(
        member.MemberId,
        member.InstanceId,
        member.Predecessor,
        member.ClientId,
        member.Topics,
        (long)member.SessionTimeout.TotalMilliseconds,
        (long)member.RebalanceTimeout.TotalMilliseconds,
        ByTopic(member.Target),
        ByTopic(member.Owned.Values.Select(ownership => ownership.Partition)));

    /// <summary>The join that would make such a member.</summary>
    public JoinGroupRequest ToJoin() => new(
        MemberId,
        InstanceId,
        ClientId,
        [.. Topics],
        TimeSpan.FromMilliseconds(SessionTimeoutMs),
        TimeSpan.FromMilliseconds(RebalanceTimeoutMs));

    private static Dictionary<string, int[]> ByTopic(IEnumerable<AssignedPartition> partitions) => partitions
        .GroupBy(partition => partition.TopicPartition.Topic, StringComparer.Ordinal)
        .ToDictionary(topic => topic.Key, topic => topic.Select(partition => partition.TopicPartition.Partition).Order().ToArray(), StringComparer.Ordinal);
}

/// <summary>How the document is written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GroupDocument))]
internal sealed partial class GroupJson : JsonSerializerContext;
