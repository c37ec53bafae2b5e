using OrleansStream.Monitoring;
using OrleansStream.Server.Diagnostics;
using OrleansStream.Server.Endpoint;
using OrleansStream.Server.Partitions;

namespace OrleansStream.Server.Monitoring;

/// <summary>Says how this silo is doing, from what it keeps in memory anyway. Safe for concurrent use.</summary>
internal sealed class SiloReporter(PartitionTable table, ServerMetrics metrics, EndpointAddress address, SiloWebAddress web, TimeProvider time)
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly long _start = time.GetTimestamp();

    /// <param name="limit">How many partitions at most.</param>
    public SiloReport Report(int limit)
    {
        var partitions = table.All().OrderBy(partition => partition.Id.TopicId).ThenBy(partition => partition.Id.Partition).Take(limit).ToArray();
        var topics = new List<OpenTopic>();
        var columns = new PartitionColumns(
            new int[partitions.Length], new int[partitions.Length], new int[partitions.Length],
            new long[partitions.Length], new long[partitions.Length], new long[partitions.Length],
            new int[partitions.Length], new long[partitions.Length], new long[partitions.Length]);
        for (var at = 0; at < partitions.Length; at++)
        {
            var partition = partitions[at];
            if (topics.Count == 0 || topics[^1].TopicId != partition.Id.TopicId)
            {
                topics.Add(new OpenTopic(partition.Id.TopicId, partition.Topic));
            }

            var log = partition.Describe();
            columns.Topic[at] = topics.Count - 1;
            columns.Number[at] = partition.Id.Partition;
            columns.LeaderEpoch[at] = log.LeaderEpoch.Value;
            columns.LogStartOffset[at] = log.Offsets.LogStart.Value;
            columns.HighWatermark[at] = log.Offsets.HighWatermark.Value;
            columns.SizeInBytes[at] = log.SizeInBytes;
            columns.SegmentCount[at] = log.SegmentCount;
            columns.BytesProduced[at] = partition.BytesStored;
            columns.BytesFetched[at] = partition.BytesRead;
        }

        return new SiloReport(
            _startedAt, time.GetElapsedTime(_start), address.Gateway, web.Value,
            metrics.Totals.Read(Environment.CpuUsage.TotalTime, Environment.WorkingSet), table.Count, [.. topics], columns);
    }
}
