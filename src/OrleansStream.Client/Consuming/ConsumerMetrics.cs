using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using OrleansStream.Client.Consuming.Fetching;
using OrleansStream.Client.Diagnostics;

namespace OrleansStream.Client.Consuming;

/// <summary>
/// What one consumer reports to the client's meter: records as they are consumed, counted by fetch and not one by one, and
/// the lag of every partition whenever somebody looks.
/// </summary>
internal sealed class ConsumerMetrics
{
    private static readonly ConcurrentDictionary<ConsumerMetrics, ConsumedPartitions> s_consumers = new();

    private static readonly Counter<long> s_consumed = ClientTelemetry.Meter.CreateCounter<long>(
        "messaging.client.consumed.messages", "{message}", "Records that were given to the application.");

    private readonly string? _group;

    static ConsumerMetrics() => ClientTelemetry.Meter.CreateObservableGauge(
        "orleansstream.consumer.lag", ObserveLags, "{message}", "Records between the position and the high watermark of a partition that is consumed.");

    public ConsumerMetrics(string? group) => _group = group;

    /// <summary>Lets the lag of these partitions be seen.</summary>
    public void Begin(ConsumedPartitions partitions) => s_consumers[this] = partitions;

    public void End() => s_consumers.TryRemove(this, out _);

    public void Consumed(TopicPartition partition, int count)
    {
        if (count > 0 && s_consumed.Enabled)
        {
            var tags = Tags(partition);
            tags.Add(ClientTelemetry.OperationNameTag, "poll");
            tags.Add(ClientTelemetry.OperationTypeTag, "receive");
            s_consumed.Add(count, tags);
        }
    }

    private static IEnumerable<Measurement<long>> ObserveLags()
    {
        foreach (var (consumer, partitions) in s_consumers)
        {
            foreach (var partition in partitions.All)
            {
                var position = partition.Progress.Position;
                if (position.HasValue && partition.HighWatermark.HasValue)
                {
                    yield return new Measurement<long>(Math.Max(0, partition.HighWatermark - position), consumer.Tags(partition.TopicPartition));
                }
            }
        }
    }

    private TagList Tags(TopicPartition partition)
    {
        var tags = new TagList
        {
            { ClientTelemetry.SystemTag, ClientTelemetry.System },
            { ClientTelemetry.DestinationTag, partition.Topic },
            { ClientTelemetry.PartitionTag, partition.Partition.ToString(CultureInfo.InvariantCulture) },
        };
        if (_group is not null)
        {
            tags.Add(ClientTelemetry.GroupTag, _group);
        }

        return tags;
    }
}
