using OrleansStream.Client.Administration;
using OrleansStream.Groups;

namespace OrleansStream.Dashboard.Watching;

/// <summary>
/// Tells how late a group is. The time of a record never changes, so one is looked up once: a group that stands still costs
/// nothing, and does not keep its idle partitions awake.
/// </summary>
internal static class LagTimes
{
    private const int MaxLookups = 64;

    public static async Task<IReadOnlyDictionary<TopicPartition, Lateness>> MeasureAsync(
        IAdminClient admin, GroupDescription group, GroupView? previous, TimeProvider time, CancellationToken stop)
    {
        var known = previous?.Partitions.Where(partition => partition.Late?.Time is not null)
            .ToDictionary(partition => partition.Partition.TopicPartition, partition => partition.Late!) ?? [];
        var late = new Dictionary<TopicPartition, Lateness>();
        var unknown = new List<GroupPartition>();
        foreach (var partition in group.Offsets)
        {
            if (partition.Lag == 0)
            {
                late[partition.TopicPartition] = new Lateness(partition.Next.Value, null, TimeSpan.Zero);
            }
            else if (known.TryGetValue(partition.TopicPartition, out var before) && before.Offset == partition.Next.Value)
            {
                late[partition.TopicPartition] = before with { By = Age(before.Time!.Value) };
            }
            else if (partition.Lag > 0)
            {
                unknown.Add(partition);
            }
        }

        // Of many, those with the most to do tell most about the group; the others are asked for in later rounds.
        await Task.WhenAll(unknown.OrderByDescending(each => each.Lag).Take(MaxLookups).Select(LookUpAsync)).ConfigureAwait(false);
        return late;

        async Task LookUpAsync(GroupPartition each)
        {
            try
            {
                if (await admin.FindTimeAsync(each.TopicPartition, each.Next, stop).ConfigureAwait(false) is { } found)
                {
                    lock (late)
                    {
                        late[each.TopicPartition] = new Lateness(each.Next.Value, found, Age(found));
                    }
                }
            }
            catch (OrleansStreamException)
            {
                // A partition that cannot be read has its error told on its topic's page.
            }
        }

        TimeSpan Age(DateTimeOffset of) => time.GetUtcNow() is var now && now > of ? now - of : TimeSpan.Zero;
    }
}
