using OrleansStream.Client.Administration;
using OrleansStream.Groups;

namespace OrleansStream.Dashboard.Watching;

/// <summary>The list of groups with their lag, as far as a page can show it.</summary>
/// <param name="Groups">By id.</param>
/// <param name="IsCut">True when there are more.</param>
public sealed record GroupsView(IReadOnlyList<GroupDescription> Groups, bool IsCut)
{
    private const int MaxGroups = 300;
    private const int AtOnce = 8;

    internal static async Task<GroupsView> ReadAsync(IAdminClient admin, TimeProvider time, CancellationToken stop)
    {
        var listed = await admin.ListGroupsAsync(cancellationToken: stop).Take(MaxGroups + 1).ToListAsync(stop).ConfigureAwait(false);
        var groups = new List<GroupDescription>();
        foreach (var chunk in listed.Take(MaxGroups).Chunk(AtOnce))
        {
            var described = await Task.WhenAll(chunk.Select(group => TryDescribeAsync(admin, group.GroupId, stop))).ConfigureAwait(false);
            groups.AddRange(described.OfType<GroupDescription>());
        }

        return new GroupsView(groups, listed.Count > MaxGroups);
    }

    /// <summary>The groups that consume a topic, or have consumed it, with their lag in it.</summary>
    public IEnumerable<(GroupDescription Group, long Lag)> Of(string topic) =>
        from @group in Groups
        let partitions = @group.Offsets.Where(partition => partition.TopicPartition.Topic == topic).ToList()
        where partitions.Count > 0 || @group.Members.Any(member => member.Topics.Contains(topic))
        select (@group, TotalLag(partitions));

    /// <summary>The records still to be consumed, those of partitions whose end is unknown left out.</summary>
    public static long TotalLag(IEnumerable<GroupPartition> partitions) => partitions.Sum(partition => Math.Max(0, partition.Lag));

    private static async Task<GroupDescription?> TryDescribeAsync(IAdminClient admin, string id, CancellationToken stop)
    {
        try
        {
            return await admin.DescribeGroupAsync(id, stop).ConfigureAwait(false);
        }
        catch (OrleansStreamException gone) when (gone.ErrorCode == ErrorCode.GroupIdNotFound)
        {
            return null;
        }
    }
}
