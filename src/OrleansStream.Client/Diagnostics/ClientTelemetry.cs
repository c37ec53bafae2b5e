using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace OrleansStream.Client.Diagnostics;

/// <summary>
/// The activity source and the meter of the client, with OpenTelemetry's names for messaging. Nothing is measured or
/// allocated while nobody listens.
/// </summary>
internal static class ClientTelemetry
{
    public const string Name = "OrleansStream.Client";
    public const string System = "orleansstream";

    public const string SystemTag = "messaging.system";
    public const string DestinationTag = "messaging.destination.name";
    public const string PartitionTag = "messaging.destination.partition.id";
    public const string OperationNameTag = "messaging.operation.name";
    public const string OperationTypeTag = "messaging.operation.type";
    public const string OffsetTag = "messaging.orleansstream.offset";
    public const string GroupTag = "messaging.consumer.group.name";
    public const string ErrorTag = "error.type";

    public const string SendOperation = "send";
    public const string TraceParentHeader = "traceparent";
    public const string TraceStateHeader = "tracestate";

    public static ActivitySource Activities { get; } = new(Name);

    public static Meter Meter { get; } = new(Name);

    public static Counter<long> SentMessages { get; } = Meter.CreateCounter<long>(
        "messaging.client.sent.messages", "{message}", "Records that the cluster stored or refused.");

    public static Histogram<double> OperationDuration { get; } = Meter.CreateHistogram<double>(
        "messaging.client.operation.duration", "s", "How long requests took, retries included.");

    public static Counter<long> Retries { get; } = Meter.CreateCounter<long>(
        "orleansstream.client.retries", "{attempt}", "Batches that had to be sent again.");

    /// <summary>The tags that every measurement of an operation carries.</summary>
    public static TagList Tags(string operation, TopicPartition partition, ErrorCode error)
    {
        var tags = new TagList
        {
            { SystemTag, System },
            { DestinationTag, partition.Topic },
            { PartitionTag, partition.Partition.ToString(global::System.Globalization.CultureInfo.InvariantCulture) },
            { OperationNameTag, operation },
            { OperationTypeTag, operation },
        };
        if (error != ErrorCode.None)
        {
            tags.Add(ErrorTag, error.ToString());
        }

        return tags;
    }
}
