using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OrleansStream.Kafka.Messages;

namespace OrleansStream.Kafka.Diagnostics;

/// <summary>
/// The meter <c>OrleansStream.Kafka</c>. Everything is counted per request, never per record; errors are counted as the answers tell them, each
/// partition on its own. Safe for concurrent use.
/// </summary>
internal sealed class KafkaMetrics : IDisposable
{
    public const string MeterName = "OrleansStream.Kafka";

    private readonly TimeProvider _time;
    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _violations;
    private readonly UpDownCounter<int> _connections;
    private readonly ConcurrentDictionary<ApiKey, KeyValuePair<string, object?>> _apis = new();

    public KafkaMetrics(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        _meter = meters.Create(MeterName);
        _duration = _meter.CreateHistogram<double>(
            "orleansstream.kafka.request.duration", "s", "Time from a request's arrival to its answer's departure; its count is the number of requests.");
        _errors = _meter.CreateCounter<long>("orleansstream.kafka.errors", "{error}", "Errors in answers, of requests or of parts of them.");
        _violations = _meter.CreateCounter<long>("orleansstream.kafka.violations", "{connection}", "Connections closed because of what came on them.");
        _connections = _meter.CreateUpDownCounter<int>("orleansstream.kafka.connections", "{connection}", "Open connections.");
    }

    /// <param name="api">The API.</param>
    /// <param name="startedAt">When the request had arrived.</param>
    /// <param name="answer">What it was answered; null for nothing.</param>
    public void Answered(ApiDescription api, long startedAt, IKafkaMessage? answer)
    {
        var tag = TagOf(api.Key);
        _duration.Record(_time.GetElapsedTime(startedAt).TotalSeconds, tag);
        if (answer is not null && _errors.Enabled)
        {
            answer.VisitErrors((Metrics: this, Tag: tag), static (context, error) =>
                context.Metrics._errors.Add(1, context.Tag, new("error", ((ErrorCode)error).ToString())));
        }
    }

    public void Violated() => _violations.Add(1);

    public void ConnectionOpened() => _connections.Add(1);

    public void ConnectionClosed() => _connections.Add(-1);

    public void Dispose() => _meter.Dispose();

    private KeyValuePair<string, object?> TagOf(ApiKey key) => _apis.GetOrAdd(key, static key => new("api", key.ToString()));
}
