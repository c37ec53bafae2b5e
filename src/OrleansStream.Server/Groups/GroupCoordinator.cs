using System.Text.Json;
using OrleansStream.Groups;
using OrleansStream.Storage;

namespace OrleansStream.Server.Groups;

/// <summary>
/// A group in memory together with the writer of its state and its clock: what one activation of <see cref="GroupGrain"/>
/// holds from loading to the first failure.
/// </summary>
internal sealed class GroupCoordinator
{
    private readonly TimeProvider _time;
    private readonly long _startedAt;

    private GroupCoordinator(IGroupStore store, TimeProvider time, string groupId, StoredGroup? stored)
    {
        _time = time;
        _startedAt = time.GetTimestamp();
        var document = stored is null ? GroupDocument.Empty : Parse(stored);
        Group = document.Members.Count > 0
            ? ConsumerGroup.Restore(document, stored!.Generation, Now)
            : new ConsumerGroup(stored?.Generation ?? new Generation(0));
        Writer = new GroupWriter(store, time, groupId, Group, stored?.Version ?? 0, savedRevision: 0);
    }

    public ConsumerGroup Group { get; }

    public GroupWriter Writer { get; }

    /// <summary>The reading of the clock that the group lives by; it cannot be set back.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_startedAt);

    /// <summary>
    /// Loads a group. One with members gets its next generation and is saved at once, under the version that was read: that
    /// fences a coordinator that may still live elsewhere before this one says anything.
    /// </summary>
    public static async Task<GroupCoordinator> LoadAsync(IGroupStore store, TimeProvider time, string groupId)
    {
        var coordinator = new GroupCoordinator(store, time, groupId, await store.LoadAsync(groupId, CancellationToken.None));
        await coordinator.Writer.SaveAsync();
        return coordinator;
    }

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
            [.. member.Owned.Values.Select(ownership => ownership.Partition.TopicPartition)
                .OrderBy(partition => partition.Topic, StringComparer.Ordinal).ThenBy(partition => partition.Partition)],
            ToCalendar(member.LastHeard))),
    ];

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
