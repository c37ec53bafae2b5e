using System.Runtime.CompilerServices;
using OrleansStream.Client;
using OrleansStream.Client.Consuming;

namespace OrleansStream.Dashboard.Records;

/// <summary>
/// Records as they are stored, from now on. Somebody reads them, so of a stream that nobody could read only the newest of each
/// moment are given.
/// </summary>
internal sealed class RecordTail(OrleansStreamClient client, string topic, IReadOnlyList<int> partitions, RecordFilter filter, TimeProvider time)
{
    private const int MaxAtOnce = 100;

    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(300);

    /// <returns>What came since the last time, newest first.</returns>
    public async IAsyncEnumerable<IReadOnlyList<BrowsedRecord>> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        var consumer = client.CreateConsumer(new ConsumerOptions<byte[], byte[]> { OffsetReset = OffsetReset.End, MaxBufferedBytes = 8 * 1024 * 1024 });
        await using var closing = ((IAsyncDisposable)consumer).ConfigureAwait(false);
        var ends = new List<TopicPartitionOffset>();
        foreach (var partition in partitions)
        {
            var name = new TopicPartition(topic, partition);
            ends.Add(new TopicPartitionOffset(name, await client.Admin.FindEndAsync(name, stop).ConfigureAwait(false)));
        }

        await consumer.AssignAsync(ends, stop).ConfigureAwait(false);
        var news = new List<BrowsedRecord>();
        var told = time.GetTimestamp();
        await foreach (var batch in consumer.ConsumeBatchesAsync(cancellationToken: stop).ConfigureAwait(false))
        {
            // From the newest on, and no more than is shown: of a flood that is little, and making a record ready to be looked at is not free.
            var fresh = new List<BrowsedRecord>();
            for (var at = batch.Count - 1; at >= 0 && fresh.Count < MaxAtOnce; at--)
            {
                var record = batch[at];
                if (filter.Matches(record.Key, record.Value, record.Headers))
                {
                    fresh.Add(new BrowsedRecord(record.Partition, record.Offset.Value, record.Timestamp, record.Key, record.Value, record.Headers));
                }
            }

            news.InsertRange(0, fresh);
            if (news.Count > MaxAtOnce)
            {
                news.RemoveRange(MaxAtOnce, news.Count - MaxAtOnce);
            }

            var since = time.GetElapsedTime(told);
            if (news.Count > 0)
            {
                if (since < s_pace)
                {
                    await Task.Delay(s_pace - since, time, stop).ConfigureAwait(false);
                }

                yield return news;
                news = [];
                told = time.GetTimestamp();
            }
        }
    }
}
