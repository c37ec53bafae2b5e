using System.Text.Json;
using OrleansStream.Groups;
using OrleansStream.Groups.Classic;
using OrleansStream.Server.Groups.Classic;
using OrleansStream.Storage;

namespace OrleansStream.Server.Groups;

/// <summary>
/// A group in memory together with the writer of its state and its clock: what one activation of <see cref="GroupGrain"/>
/// holds from loading to the first failure.
/// </summary>
internal sealed class GroupCoordinator : IStoredState
{
    // What Kafka's tools show as the assignor of a group that assigns by itself.
    private const string NativeProtocolName = "orleansstream";

    private readonly TimeProvider _time;
    private readonly long _startedAt;

    private GroupCoordinator(IGroupStore store, ClassicGroupOptions options, TimeProvider time, string groupId, StoredGroup? stored)
    {
        _time = time;
        _startedAt = time.GetTimestamp();
        var document = stored is null ? GroupDocument.Empty : Parse(stored);
        Group = document.Members.Count > 0
            ? ConsumerGroup.Restore(document, stored!.Generation, Now)
            : new ConsumerGroup(stored?.Generation ?? new Generation(0));
        Classic = document.Classic is not null
            ? ClassicGroup.Restore(options, document.Classic, stored!.Generation, Now)
            : new ClassicGroup(options, stored?.Generation ?? new Generation(0));
        Turns = new TurnSignal(time);
        Writer = new GroupWriter(store, time, groupId, this, stored?.Version ?? 0, savedRevision: 0);
    }

    /// <summary>The members that speak the platform's own protocol; when there are some, <see cref="Classic"/> has none.</summary>
    public ConsumerGroup Group { get; }

    /// <summary>The members that speak Kafka's classic protocol.</summary>
    public ClassicGroup Classic { get; }

    /// <summary>Wakes the calls of classic members that wait for others.</summary>
    public TurnSignal Turns { get; }

    public GroupWriter Writer { get; }

    /// <summary>The reading of the clock that the group lives by; it cannot be set back.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_startedAt);

    /// <summary>
    /// Loads a group. One with members gets its next generation and is saved at once, under the version that was read: that
    /// fences a coordinator that may still live elsewhere before this one says anything.
    /// </summary>
    public static async Task<GroupCoordinator> LoadAsync(IGroupStore store, ClassicGroupOptions options, TimeProvider time, string groupId)
    {
        var coordinator = new GroupCoordinator(store, options, time, groupId, await store.LoadAsync(groupId, CancellationToken.None));
        await coordinator.Writer.SaveAsync();
        return coordinator;
    }

    /// <inheritdoc/>
    public long Revision => Group.Revision + Classic.Revision;

    /// <inheritdoc/>
    public Generation Generation => Group.Generation > Classic.Generation ? Group.Generation : Classic.Generation;

    /// <summary>The members, whichever protocol they speak.</summary>
    public int MemberCount => Group.Members.Count + Classic.Members.Count;

    public GroupKind Kind => Group.Members.Count == 0 && Classic.ProtocolType is not null ? GroupKind.Classic : GroupKind.Native;

    public GroupState State => Kind == GroupKind.Classic ? Classic.State : Group.State;

    /// <inheritdoc/>
    public GroupDocument ToDocument() => Group.ToDocument() with { Classic = Kind == GroupKind.Classic ? Classic.ToDocument() : null };

    /// <summary>Lets members that speak the platform's own protocol in.</summary>
    /// <returns>False while there are others.</returns>
    public bool BeginNative()
    {
        Group.BeginAfter(Group.Members.Count == 0 ? Classic.Generation : Group.Generation);
        return Classic.Members.Count == 0;
    }

    /// <summary>Lets members that speak Kafka's classic protocol in.</summary>
    /// <returns>False while there are others.</returns>
    public bool BeginClassic()
    {
        Classic.BeginAfter(Classic.Members.Count == 0 ? Group.Generation : Classic.Generation);
        return Group.Members.Count == 0;
    }

    /// <summary>The topics that members consume; null when members are of a kind that nobody but they understands.</summary>
    public HashSet<string>? FindSubscriptions() => Classic.Members.Count == 0 ? Group.Subscriptions
        : Classic.ProtocolType != ConsumerProtocol.Type ? null
        : DescribeMembers().SelectMany(member => member.Topics).ToHashSet(StringComparer.Ordinal);

    /// <summary>When something happened, by the calendar.</summary>
    public DateTimeOffset ToCalendar(TimeSpan reading) => _time.GetUtcNow() - (Now - reading);

    public GroupMember[] DescribeMembers() =>
    [
        .. Group.Members.Select(member => new GroupMember(
            member.MemberId,
            member.InstanceId,
            member.ClientId,
            member.Generation,
            member.Topics,
            InOrder(member.Owned.Values.Select(ownership => ownership.Partition.TopicPartition)),
            ToCalendar(member.LastHeard))),
        .. Classic.Members.Select(member => new GroupMember(
            member.MemberId,
            member.InstanceId,
            member.ClientId,
            Classic.Generation,
            [.. ConsumerProtocol.ReadTopics(member.MetadataFor(Classic.ProtocolName ?? member.Protocols[0].Name)).Order(StringComparer.Ordinal)],
            InOrder(ConsumerProtocol.ReadPartitions(member.Assignment)),
            ToCalendar(member.LastHeard))),
    ];

    /// <summary>The group as Kafka's tools see it, in the words of the classic protocol also when its members speak the other one.</summary>
    public ClassicGroupDescription DescribeClassic() => Kind == GroupKind.Classic
        ? new ClassicGroupDescription(
            Classic.State,
            Classic.ProtocolType!,
            Classic.State == GroupState.Stable ? Classic.ProtocolName ?? "" : "",
            [.. Classic.Members.Select(member => new ClassicGroupMember(
                member.MemberId,
                member.InstanceId,
                member.ClientId,
                member.ClientHost,
                Classic.State == GroupState.Stable ? member.MetadataFor(Classic.ProtocolName) : [],
                Classic.State == GroupState.Stable ? member.Assignment : []))])
        : new ClassicGroupDescription(
            Group.State == GroupState.Reconciling ? GroupState.PreparingRebalance : Group.State,
            Group.Members.Count == 0 ? "" : ConsumerProtocol.Type,
            Group.Members.Count == 0 ? "" : NativeProtocolName,
            [.. Group.Members.Select(member => new ClassicGroupMember(
                member.MemberId,
                member.InstanceId,
                member.ClientId,
                "",
                ConsumerProtocol.WriteTopics(member.Topics),
                ConsumerProtocol.WritePartitions(InOrder(member.Owned.Keys))))]);

    private static TopicPartition[] InOrder(IEnumerable<TopicPartition> partitions) =>
        [.. partitions.OrderBy(partition => partition.Topic, StringComparer.Ordinal).ThenBy(partition => partition.Partition)];

    private static GroupDocument Parse(StoredGroup stored)
    {
        try
        {
            return GroupDocument.Parse(stored.State);
        }
        catch (JsonException e)
        {
            throw new OrleansStreamException(
                ErrorCode.StorageError, $"The stored state of group '{stored.GroupId}' is damaged; restore the catalog from a backup.", e);
        }
    }
}
