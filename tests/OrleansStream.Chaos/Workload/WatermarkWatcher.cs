using OrleansStream.Chaos.History;
using OrleansStream.Client.Connection;
using OrleansStream.Endpoint;
using OrleansStream.Records;

namespace OrleansStream.Chaos.Workload;

/// <summary>
/// Fetches as the SDK's consumer does, below its surface: there each answer still says which high watermark it was given under.
/// </summary>
internal sealed class WatermarkWatcher(WorkloadContext context)
{
    private const string Name = "watermark-watcher";
    private const int MaxFetchBytes = 256 * 1024;
    private const int MaxBatchBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_fetchWait = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public async Task RunAsync(CancellationToken stopping)
    {
        await using var client = await context.ConnectAsync(CancellationToken.None);
        var topic = await client.Admin.DescribeTopicAsync(context.Topic, CancellationToken.None);
        var next = new long[context.Partitions];
        using var timer = new PeriodicTimer(s_period);
        try
        {
            for (var partition = 0; await timer.WaitForNextTickAsync(stopping); partition = (partition + 1) % context.Partitions)
            {
                next[partition] = await FetchAsync(client.Connection.Router, new PartitionId(topic.TopicId, partition), next[partition], stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    private async Task<long> FetchAsync(PartitionRouter router, PartitionId partition, long offset, CancellationToken stopping)
    {
        PartitionRoute route;
        try
        {
            route = await router.FindAsync(partition, stopping);
        }
        catch (OrleansStreamException)
        {
            return offset;
        }

        if (route.Endpoint is not { } endpoint)
        {
            return offset;
        }

        try
        {
            var request = new FetchRequest([new FetchPartition(partition, new Offset(offset), MaxFetchBytes)], 1, MaxFetchBytes, s_fetchWait);
            var answer = (await endpoint.FetchAsync(request, CancellationToken.None).WaitAsync(s_patience, stopping)).Partitions[0];
            using var batches = answer.Batches;
            router.Report(route, answer.Error, answer.Leader);
            return Record(partition.Partition, offset, answer);
        }
        catch (Exception exception) when (exception is TimeoutException or OrleansStreamException or OrleansException)
        {
            router.Report(route, ErrorCode.RequestTimedOut);
            return offset;
        }
    }

    private long Record(int partition, long offset, FetchedPartition answer)
    {
        var records = new List<ReadRecord>();
        for (var rest = answer.Batches.Memory; RecordBatchReader.TryReadBatch(rest, out var batch); rest = rest[batch.Length..])
        {
            var epoch = new RecordBatchHeader(batch.Span).LeaderEpoch;
            using var cursor = RecordCursor.Open(batch, MaxBatchBytes);
            while (cursor.MoveNext())
            {
                if (cursor.Offset.Value >= offset)
                {
                    records.Add(new ReadRecord(cursor.Offset.Value, RecordValue.Decode(cursor.Value), epoch));
                }
            }
        }

        if (records.Count == 0)
        {
            return offset;
        }

        context.Recorder.Record(new Operation
        {
            Process = Name,
            Kind = OperationKind.Poll,
            Outcome = Outcome.Ok,
            Partition = partition,
            HighWatermark = answer.HighWatermark.Value,
            Records = records,
        });
        return records[^1].Offset + 1;
    }
}
