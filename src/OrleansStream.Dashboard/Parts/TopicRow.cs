using OrleansStream.Dashboard.Watching;
using OrleansStream.Topics;

namespace OrleansStream.Dashboard.Parts;

/// <summary>A topic in the list, with what several readings say of it.</summary>
internal sealed record TopicRow(TopicDescription Topic, long Bytes, bool IsMeasured, int Troubles, double ProducedBytes, double ProducedRecords, double FetchedBytes, int Open, IReadOnlyList<(string Group, long Lag)> Groups)
{
    public long MaxLag => Groups.Count == 0 ? -1 : Groups.Max(group => group.Lag);

    public TopicConfiguration? Configuration
    {
        get
        {
            try
            {
                return TopicConfiguration.Parse(Topic.Configuration);
            }
            catch (OrleansStreamException)
            {
                // A setting that this version does not know.
                return null;
            }
        }
    }

    public string Retention => Configuration is { } known
        ? (known.Retention is { } time ? Text.Duration(time).Replace(" 0 h", "", StringComparison.Ordinal) : "for ever")
            + (known.RetentionBytes is { } bytes ? $", {Text.Bytes(bytes)}" : "")
        : "–";

    public static List<TopicRow> Of(TopicsView topics, ClusterView? cluster, GroupsView? groups, string search, Sorting sorting)
    {
        var open = (cluster?.Partitions ?? []).ToLookup(partition => partition.Id.TopicId);
        var lags = (groups?.Groups ?? [])
            .SelectMany(group => group.Offsets.GroupBy(partition => partition.TopicPartition.Topic)
                .Select(partitions => (Topic: partitions.Key, group.GroupId, Lag: GroupsView.TotalLag(partitions))))
            .ToLookup(entry => entry.Topic, entry => (entry.GroupId, entry.Lag));
        var rows = topics.Topics.Where(topic => topic.Name.Contains(search, StringComparison.OrdinalIgnoreCase)).Select(topic =>
        {
            var partitions = open[topic.TopicId].ToList();
            var size = topics.Sizes.GetValueOrDefault(topic.TopicId);

            // What is open is known to the second; what was measured may be half a minute old, and counts the idle ones.
            var bytes = Math.Max(size?.Bytes ?? 0, partitions.Sum(partition => partition.SizeInBytes));
            return new TopicRow(
                topic, bytes, size is not null, size?.Troubles ?? 0,
                partitions.Sum(partition => partition.ProducedBytes), partitions.Sum(partition => partition.ProducedRecords), partitions.Sum(partition => partition.FetchedBytes),
                partitions.Count, [.. lags[topic.Name]]);
        });
        return [.. Sort(rows, sorting)];
    }

    private static IEnumerable<TopicRow> Sort(IEnumerable<TopicRow> rows, Sorting sorting) => sorting.Column switch
    {
        "partitions" => Sort(rows, row => row.Topic.PartitionCount, sorting),
        "size" => Sort(rows, row => row.Bytes, sorting),
        "produced" => Sort(rows, row => row.ProducedBytes, sorting),
        "fetched" => Sort(rows, row => row.FetchedBytes, sorting),
        "lag" => Sort(rows, row => row.MaxLag, sorting),
        _ => sorting.IsDescending ? rows.OrderByDescending(row => row.Topic.Name, NaturalOrder.Instance) : rows.OrderBy(row => row.Topic.Name, NaturalOrder.Instance),
    };

    private static IEnumerable<TopicRow> Sort<TKey>(IEnumerable<TopicRow> rows, Func<TopicRow, TKey> key, Sorting sorting) =>
        (sorting.IsDescending ? rows.OrderByDescending(key) : rows.OrderBy(key)).ThenBy(row => row.Topic.Name, NaturalOrder.Instance);
}
