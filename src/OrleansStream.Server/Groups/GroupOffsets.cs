using OrleansStream.Groups;
using OrleansStream.Server.Groups.Classic;
using OrleansStream.Storage;

namespace OrleansStream.Server.Groups;

/// <summary>
/// Committed offsets between the names that users have for partitions and the ids under which they are stored. Reads go to
/// the store: it alone knows what is durable, also when this silo coordinates the group no longer.
/// </summary>
internal sealed class GroupOffsets(IGroupStore store, GroupCatalog catalog, IPartitionExtents extents, TimeProvider time, string groupId)
{
    /// <summary>Makes rows of what a group accepted.</summary>
    public IReadOnlyList<StoredOffset> ToStored(IEnumerable<KeyValuePair<PartitionId, CommittedOffset>> offsets)
    {
        var now = time.GetUtcNow();
        return [.. offsets.Select(pair => new StoredOffset(pair.Key, pair.Value.Offset, pair.Value.Metadata ?? "", pair.Value.LeaderEpoch, now))];
    }

    /// <summary>Finds the ids of partitions named from outside.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.UnknownTopicOrPartition"/>.</exception>
    public async Task<List<KeyValuePair<PartitionId, CommittedOffset>>> ResolveAsync(CommittedOffset[] offsets)
    {
        var topics = await catalog.FindAsync(offsets.Select(offset => offset.TopicPartition.Topic));
        var resolved = new List<KeyValuePair<PartitionId, CommittedOffset>>(offsets.Length);
        foreach (var offset in offsets)
        {
            var (name, partition) = offset.TopicPartition;
            if (topics[name] is not { } topic || partition < 0 || partition >= topic.PartitionCount)
            {
                throw new OrleansStreamException(
                    ErrorCode.UnknownTopicOrPartition, $"There is no partition {offset.TopicPartition}; check the topic's name and its number of partitions.");
            }

            resolved.Add(new KeyValuePair<PartitionId, CommittedOffset>(new PartitionId(topic.TopicId, partition), offset));
        }

        return resolved;
    }

    /// <summary>Reads what was committed, for some partitions or for all.</summary>
    public async Task<CommittedOffset[]> ReadAsync(TopicPartition[]? partitions)
    {
        var stored = await store.ReadOffsetsAsync(groupId, default);
        var topics = await catalog.FindAsync(stored.Select(offset => offset.Partition.TopicId));
        var wanted = partitions?.ToHashSet();
        return
        [
            .. stored.Where(offset => topics.ContainsKey(offset.Partition.TopicId))
                .Select(offset => new CommittedOffset(
                    new TopicPartition(topics[offset.Partition.TopicId].Name, offset.Partition.Partition),
                    offset.Offset,
                    offset.Metadata,
                    offset.LeaderEpoch))
                .Where(offset => wanted is null || wanted.Contains(offset.TopicPartition)),
        ];
    }

    /// <summary>Describes every partition with a committed offset or an owner, by topic and number.</summary>
    public async Task<GroupPartition[]> DescribeAsync(GroupCoordinator coordinator)
    {
        var owned = coordinator.Group.Members.SelectMany(member => member.Owned.Values)
            .ToDictionary(ownership => ownership.Partition.Partition, ownership => ownership.Owner.MemberId);
        await AddClassicAsync(owned, coordinator.Classic);
        var stored = (await store.ReadOffsetsAsync(groupId, default)).ToDictionary(offset => offset.Partition);
        var topics = await catalog.FindAsync(stored.Keys.Concat(owned.Keys).Select(partition => partition.TopicId));
        PartitionId[] partitions =
        [
            .. stored.Keys.Union(owned.Keys).Where(partition => topics.ContainsKey(partition.TopicId))
                .OrderBy(partition => topics[partition.TopicId].Name, StringComparer.Ordinal).ThenBy(partition => partition.Partition),
        ];
        var described = new List<GroupPartition>(partitions.Length);
        foreach (var chunk in partitions.Chunk(GroupLimits.ConcurrentExtents))
        {
            described.AddRange(await Task.WhenAll(chunk.Select(async partition =>
            {
                var log = await extents.DescribeAsync(partition, default);
                var offset = stored.GetValueOrDefault(partition);
                return new GroupPartition(
                    new TopicPartition(topics[partition.TopicId].Name, partition.Partition),
                    offset?.Offset ?? Offset.None,
                    offset?.Metadata ?? "",
                    log?.Offsets.LogStart ?? Offset.None,
                    log?.Offsets.HighWatermark ?? Offset.None,
                    owned.GetValueOrDefault(partition));
            })));
        }

        return [.. described];
    }

    /// <summary>Adds what the members of a classic group were given, which is written down by names.</summary>
    private async Task AddClassicAsync(Dictionary<PartitionId, string> owned, ClassicGroup group)
    {
        var given = group.Members
            .SelectMany(member => ConsumerProtocol.ReadPartitions(member.Assignment).Select(partition => (partition, member.MemberId))).ToList();
        var topics = await catalog.FindAsync(given.Select(pair => pair.partition.Topic));
        foreach (var ((topic, partition), memberId) in given)
        {
            if (topics[topic] is { } known && partition >= 0 && partition < known.PartitionCount)
            {
                owned.TryAdd(new PartitionId(known.TopicId, partition), memberId);
            }
        }
    }

    /// <summary>
    /// Finds the ids of partitions that a classic member commits for; those that do not exist, and offsets that cannot be committed, are
    /// answered one by one.
    /// </summary>
    public async Task<(List<KeyValuePair<PartitionId, CommittedOffset>> Resolved, ErrorCode[] Answers)> CheckAsync(CommittedOffset[] offsets)
    {
        var topics = await catalog.FindAsync(offsets.Select(offset => offset.TopicPartition.Topic));
        var resolved = new List<KeyValuePair<PartitionId, CommittedOffset>>(offsets.Length);
        var answers = new ErrorCode[offsets.Length];
        for (var at = 0; at < offsets.Length; at++)
        {
            var (name, partition) = offsets[at].TopicPartition;
            if (topics[name] is not { } topic || partition < 0 || partition >= topic.PartitionCount)
            {
                answers[at] = ErrorCode.UnknownTopicOrPartition;
                continue;
            }

            answers[at] = ClassicRules.Check(offsets[at]);
            if (answers[at] == ErrorCode.None)
            {
                resolved.Add(new KeyValuePair<PartitionId, CommittedOffset>(new PartitionId(topic.TopicId, partition), offsets[at]));
            }
        }

        return (resolved, answers);
    }
}
