using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansStream.Groups;
using OrleansStream.Server.Groups.Classic;
using OrleansStream.Storage;

namespace OrleansStream.Server.Groups;

/// <summary>What is stored of a group's membership, as JSON: enough to go on after a restart without moving anything.</summary>
/// <param name="Classic">Members that speak Kafka's classic protocol, and their kind of group; it comes first, for <see cref="ReadHead"/>.</param>
/// <param name="Topics">The topics subscribed to, as the coordinator knew them.</param>
/// <param name="Members">The members that speak the platform's own protocol.</param>
internal sealed record GroupDocument(ClassicGroupDocument? Classic, IReadOnlyList<GroupTopic> Topics, IReadOnlyList<MemberDocument> Members)
{
    // The state and the protocol type come first, so they lie within the first characters.
    private const int MaxHeadLength = 1024;

    /// <summary>A group without members.</summary>
    public static GroupDocument Empty { get; } = new(null, [], []);

    /// <summary>Tells of a stored group what listings show, without reading its members.</summary>
    public static GroupListing ToListing(StoredGroup group)
    {
        var (state, protocolType) = ReadHead(Encoding.UTF8.GetBytes(group.State.Length > MaxHeadLength ? group.State[..MaxHeadLength] : group.State));
        return state is { } classic
            ? new GroupListing(group.GroupId, group.Generation, group.MemberCount, GroupKind.Classic, classic, protocolType)
            : group.MemberCount > 0
            ? new GroupListing(group.GroupId, group.Generation, group.MemberCount, GroupKind.Native, GroupState.Stable, ConsumerProtocol.Type)
            : new GroupListing(group.GroupId, group.Generation, group.MemberCount);
    }

    public string ToJson() => JsonSerializer.Serialize(this, GroupJson.Default.GroupDocument);

    public static GroupDocument Parse(string json) =>
        JsonSerializer.Deserialize(json, GroupJson.Default.GroupDocument)
        ?? throw new JsonException("A group's document is null.");

    /// <summary>Reads the state and the protocol type of a classic group from the beginning of its document.</summary>
    private static (GroupState? State, string ProtocolType) ReadHead(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, isFinalBlock: false, default);
        GroupState? state = null;
        try
        {
            while (reader.Read() && reader.CurrentDepth <= 2)
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                {
                    continue;
                }

                if (reader.CurrentDepth == 1 && !reader.ValueTextEquals("classic"u8))
                {
                    break;
                }

                if (reader.ValueTextEquals("state"u8) && reader.Read())
                {
                    state = Enum.TryParse<GroupState>(reader.GetString(), out var known) ? known : null;
                }
                else if (reader.ValueTextEquals("protocolType"u8) && reader.Read())
                {
                    return (state, reader.GetString() ?? "");
                }
            }
        }
        catch (JsonException)
        {
            // A listing shows what it can; the coordinator says what is wrong with the group.
        }

        return (state, "");
    }
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
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(GroupDocument))]
internal sealed partial class GroupJson : JsonSerializerContext;
