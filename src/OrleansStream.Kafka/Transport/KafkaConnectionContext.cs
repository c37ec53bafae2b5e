using OrleansStream.Kafka.Apis;
using OrleansStream.Kafka.Diagnostics;
using OrleansStream.Kafka.Hosting;

namespace OrleansStream.Kafka.Transport;

/// <summary>What all connections share.</summary>
/// <param name="Apis">The APIs that are served.</param>
/// <param name="ApiVersions">The one of them that answers even what it does not understand.</param>
/// <param name="Answers">The room for answers.</param>
/// <param name="Options">Limits.</param>
/// <param name="Metrics">Counts.</param>
/// <param name="Time">The clock.</param>
internal sealed record KafkaConnectionContext(ApiList Apis, ApiVersionsApi ApiVersions, AnswerRoom Answers, KafkaOptions Options, KafkaMetrics Metrics, TimeProvider Time)
{
    /// <summary>The room for unanswered requests of all connections.</summary>
    public SharedRoom BytesInHand { get; } = new(Options.MaxBytesInHand);

    /// <summary>The room for what large requests become when they are read.</summary>
    public ByteGate ParsedBytes { get; } = new(Options.MaxParsedBytesInHand);
}
