using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using OrleansStream.Client.Consuming;
using OrleansStream.Client.Diagnostics;
using OrleansStream.Records;

namespace OrleansStream.Client.Hosting;

/// <summary>
/// What hosted consumers report to the client's activity source and meter: each attempt at handling, as the child of the producer's
/// trace for a single record and linked to the producers' for a batch, and how many consumers run and stopped.
/// </summary>
internal static class HandlerTelemetry
{
    private const string Operation = "process";

    // A trace backend cuts off long lists of links anyway.
    private const int MaxLinks = 128;

    private static readonly Histogram<double> s_duration = ClientTelemetry.Meter.CreateHistogram<double>(
        "messaging.process.duration", "s", "How long handlers took for a record or batch; one that failed carries error.type.");

    private static readonly Counter<long> s_skipped = ClientTelemetry.Meter.CreateCounter<long>(
        "orleansstream.hosted_consumer.skipped", "{message}", "Records that were passed over because handling them failed for good.");

    private static readonly UpDownCounter<long> s_instances = ClientTelemetry.Meter.CreateUpDownCounter<long>(
        "orleansstream.hosted_consumer.instances", "{consumer}", "Hosted consumers that run; fewer than configured means that they stopped for good.");

    /// <summary>Begins a trace of an attempt; null while nobody listens.</summary>
    public static Activity? Start<TKey, TValue>(ConsumedBatch<TKey, TValue> batch, string group)
    {
        if (!ClientTelemetry.Activities.HasListeners())
        {
            return null;
        }

        var parent = batch.Count == 1 ? ContextOf(batch[0].Headers) : default;
        var links = batch.Count == 1 ? null : batch.Take(MaxLinks).Select(record => ContextOf(record.Headers)).Where(context => context != default);
        var activity = ClientTelemetry.Activities.StartActivity(
            $"{Operation} {batch.TopicPartition.Topic}", ActivityKind.Consumer, parent, tags: null, links?.Select(context => new ActivityLink(context)));
        if (activity is not null)
        {
            foreach (var (key, value) in Tags(batch.TopicPartition, group))
            {
                activity.SetTag(key, value);
            }

            activity.SetTag(ClientTelemetry.OffsetTag, batch[0].Offset.Value);
            activity.SetTag("messaging.batch.message_count", batch.Count == 1 ? null : batch.Count);
        }

        return activity;
    }

    /// <summary>An attempt is over.</summary>
    public static void End(Activity? activity, TopicPartition partition, string group, TimeSpan duration, Exception? failure)
    {
        var tags = Tags(partition, group);
        if (failure is not null)
        {
            var type = (failure as OrleansStreamException)?.ErrorCode.ToString() ?? failure.GetType().FullName;
            tags.Add(ClientTelemetry.ErrorTag, type);
            activity?.SetTag(ClientTelemetry.ErrorTag, type);
            activity?.SetStatus(ActivityStatusCode.Error, failure.Message);
        }

        s_duration.Record(duration.TotalSeconds, tags);
    }

    public static void Skipped(TopicPartition partition, string group, int count) => s_skipped.Add(count, Tags(partition, group));

    public static void Started(string group) => s_instances.Add(1, new KeyValuePair<string, object?>(ClientTelemetry.GroupTag, group));

    public static void Stopped(string group) => s_instances.Add(-1, new KeyValuePair<string, object?>(ClientTelemetry.GroupTag, group));

    private static TagList Tags(TopicPartition partition, string group) => new()
    {
        { ClientTelemetry.SystemTag, ClientTelemetry.System },
        { ClientTelemetry.DestinationTag, partition.Topic },
        { ClientTelemetry.PartitionTag, partition.Partition.ToString(CultureInfo.InvariantCulture) },
        { ClientTelemetry.GroupTag, group },
        { ClientTelemetry.OperationNameTag, Operation },
        { ClientTelemetry.OperationTypeTag, Operation },
    };

    private static ActivityContext ContextOf(IReadOnlyList<RecordHeader> headers) =>
        ActivityContext.TryParse(Find(headers, ClientTelemetry.TraceParentHeader), Find(headers, ClientTelemetry.TraceStateHeader), isRemote: true, out var context)
            ? context
            : default;

    private static string? Find(IReadOnlyList<RecordHeader> headers, string key)
    {
        foreach (var header in headers)
        {
            if (header.Key == key && header.Value is { } value)
            {
                return Encoding.ASCII.GetString(value.Span);
            }
        }

        return null;
    }
}
