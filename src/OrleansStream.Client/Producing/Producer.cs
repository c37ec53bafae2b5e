using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using OrleansStream.Client.Connection;
using OrleansStream.Client.Diagnostics;
using OrleansStream.Client.Producing.Batching;
using OrleansStream.Client.Producing.Delivery;
using OrleansStream.Client.Serialization;
using OrleansStream.Records;

namespace OrleansStream.Client.Producing;

/// <summary>Turns keys and values into bytes and hands them to the topic. Everything else is behind <see cref="ProducerSession"/>.</summary>
internal sealed class Producer<TKey, TValue> : IProducer<TKey, TValue>
{
    private readonly ProducerSession _session;
    private readonly ISerializer<TKey> _keySerializer;
    private readonly ISerializer<TValue> _valueSerializer;
    private TopicProducer? _lastTopic;
    private volatile bool _isDisposed;

    public Producer(ClusterConnection connection, ProducerOptions<TKey, TValue> options)
    {
        if (!options.TryValidate(out var problem))
        {
            throw new ArgumentException(problem, nameof(options));
        }

        _session = new ProducerSession(connection, options);
        _keySerializer = options.KeySerializer ?? Serializers.For<TKey>();
        _valueSerializer = options.ValueSerializer ?? Serializers.For<TValue>();
    }

    public ValueTask<RecordMetadata> ProduceAsync(string topic, TKey? key, TValue? value, CancellationToken cancellationToken = default) =>
        ProduceAsync(new ProducerRecord<TKey, TValue>(topic, key, value), cancellationToken);

    public ValueTask<RecordMetadata> ProduceAsync(ProducerRecord<TKey, TValue> record, CancellationToken cancellationToken = default)
    {
        if (ClientTelemetry.Activities.HasListeners())
        {
            return ProduceTracedAsync(record, cancellationToken);
        }

        return ProduceUntracedAsync(record, record.Headers, cancellationToken);
    }

    public ValueTask EnqueueAsync(
        ProducerRecord<TKey, TValue> record, Action<DeliveryResult>? onDelivery = null, object? state = null, CancellationToken cancellationToken = default)
    {
        try
        {
            var headers = ClientTelemetry.Activities.HasListeners() ? WithTraceContext(record.Headers, Activity.Current) : record.Headers;
            var pending = Submit(record, headers, new DeliveryRequest(false, onDelivery, state), cancellationToken, out _);
            return pending is null ? default : new ValueTask(pending.Task);
        }
        catch (Exception exception) when (exception is OrleansStreamException or OperationCanceledException)
        {
            return ValueTask.FromException(exception);
        }
    }

    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        if (await _session.FlushAsync().WaitAsync(cancellationToken).ConfigureAwait(false) is { } failure)
        {
            throw failure;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Every batch ends by its delivery timeout, so this ends. What fails now was logged, and nobody is left to be told.
        _isDisposed = true;
        await _session.FlushAsync().ConfigureAwait(false);
    }

    private ValueTask<RecordMetadata> ProduceUntracedAsync(
        in ProducerRecord<TKey, TValue> record, IReadOnlyList<RecordHeader>? headers, CancellationToken cancellationToken)
    {
        try
        {
            var pending = Submit(record, headers, DeliveryRequest.Awaited, cancellationToken, out var delivery);
            return pending is null ? delivery : AwaitPendingAsync(pending);
        }
        catch (Exception exception) when (exception is OrleansStreamException or OperationCanceledException)
        {
            return ValueTask.FromException<RecordMetadata>(exception);
        }

        static async ValueTask<RecordMetadata> AwaitPendingAsync(PendingRecord pending) =>
            await (await pending.Task.ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>Hands a record to its topic.</summary>
    /// <returns>Null when it was taken; otherwise the record that waits to be taken.</returns>
    private PendingRecord? Submit(
        in ProducerRecord<TKey, TValue> record,
        IReadOnlyList<RecordHeader>? headers,
        in DeliveryRequest request,
        CancellationToken cancellationToken,
        out ValueTask<RecordMetadata> delivery)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        var topic = FindTopic(record.Topic);
        var buffer = SerializationBuffer.Rent();
        try
        {
            var keyLength = Serialize(_keySerializer, record.Key, buffer, "key", record.Topic);
            var valueLength = Serialize(_valueSerializer, record.Value, buffer, "value", record.Topic);
            var fields = new RecordFields
            {
                TimestampMs = (record.Timestamp ?? _session.Time.GetUtcNow()).ToUnixTimeMilliseconds(),
                Key = buffer.Slice(0, keyLength),
                IsKeyNull = record.Key is null,
                Value = buffer.Slice(keyLength, valueLength),
                IsValueNull = record.Value is null,
                Headers = SpanOf(headers),
            };
            var size = RecordBatchBuilder.SizeOf(fields);
            if (topic.TryAppend(fields, record.Partition, size, request, out delivery))
            {
                return null;
            }

            var pending = new PendingRecord(fields, record.Partition, size, request);
            pending.CancelWith(cancellationToken);
            topic.Add(pending);
            return pending;
        }
        finally
        {
            buffer.Return();
        }
    }

    private TopicProducer FindTopic(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var last = _lastTopic;
        return last is not null && string.Equals(last.Name, name, StringComparison.Ordinal) && !last.IsForgotten
            ? last
            : _lastTopic = _session.Topic(name);
    }

    private static int Serialize<T>(ISerializer<T> serializer, T? value, SerializationBuffer buffer, string what, string topic)
    {
        if (value is null)
        {
            return 0;
        }

        var start = buffer.Length;
        try
        {
            serializer.Serialize(value, buffer);
        }
        catch (Exception exception) when (exception is not OrleansStreamException)
        {
            throw new OrleansStreamException(
                ErrorCode.SerializationFailed, $"The {what} of a record for '{topic}' could not be turned into bytes: {exception.Message}", exception);
        }

        return buffer.Length - start;
    }

    private static ReadOnlySpan<RecordHeader> SpanOf(IReadOnlyList<RecordHeader>? headers) => headers switch
    {
        null => default,
        RecordHeader[] array => array,
        List<RecordHeader> list => CollectionsMarshal.AsSpan(list),
        _ => headers.ToArray(),
    };

    private async ValueTask<RecordMetadata> ProduceTracedAsync(ProducerRecord<TKey, TValue> record, CancellationToken cancellationToken)
    {
        using var activity = ClientTelemetry.Activities.StartActivity($"{ClientTelemetry.SendOperation} {record.Topic}", ActivityKind.Producer);
        activity?.SetTag(ClientTelemetry.SystemTag, ClientTelemetry.System);
        activity?.SetTag(ClientTelemetry.OperationNameTag, ClientTelemetry.SendOperation);
        activity?.SetTag(ClientTelemetry.OperationTypeTag, ClientTelemetry.SendOperation);
        activity?.SetTag(ClientTelemetry.DestinationTag, record.Topic);
        try
        {
            var metadata = await ProduceUntracedAsync(record, WithTraceContext(record.Headers, activity ?? Activity.Current), cancellationToken).ConfigureAwait(false);
            activity?.SetTag(ClientTelemetry.PartitionTag, metadata.TopicPartition.Partition.ToString(System.Globalization.CultureInfo.InvariantCulture));
            activity?.SetTag(ClientTelemetry.OffsetTag, metadata.Offset.Value);
            return metadata;
        }
        catch (Exception exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            activity?.SetTag(ClientTelemetry.ErrorTag, (exception as OrleansStreamException)?.ErrorCode.ToString() ?? exception.GetType().FullName);
            throw;
        }
    }

    /// <summary>Adds the W3C headers, unless the caller set them or there is nothing to pass on.</summary>
    private static IReadOnlyList<RecordHeader>? WithTraceContext(IReadOnlyList<RecordHeader>? headers, Activity? activity)
    {
        if (activity is not { IdFormat: ActivityIdFormat.W3C, Id: { } id } || headers?.Any(h => h.Key == ClientTelemetry.TraceParentHeader) == true)
        {
            return headers;
        }

        var all = new List<RecordHeader>(headers ?? []) { new(ClientTelemetry.TraceParentHeader, System.Text.Encoding.ASCII.GetBytes(id)) };
        if (!string.IsNullOrEmpty(activity.TraceStateString))
        {
            all.Add(new(ClientTelemetry.TraceStateHeader, System.Text.Encoding.ASCII.GetBytes(activity.TraceStateString)));
        }

        return all;
    }
}
