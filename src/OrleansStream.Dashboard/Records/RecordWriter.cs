using System.Text;
using OrleansStream.Client;
using OrleansStream.Client.Producing;
using OrleansStream.Records;

namespace OrleansStream.Dashboard.Records;

/// <summary>Produces the records that people type in. Safe for concurrent use.</summary>
internal sealed class RecordWriter(OrleansStreamClient client) : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(15);

    private readonly Lazy<IProducer<byte[], byte[]>> _producer = new(
        () => client.CreateProducer<byte[], byte[]>(new ProducerOptions<byte[], byte[]> { DeliveryTimeout = s_timeout }));

    public async Task<RecordMetadata> WriteAsync(RecordDraft draft) => await _producer.Value.ProduceAsync(new ProducerRecord<byte[], byte[]>(
        draft.Topic, Bytes(draft.Key), Bytes(draft.Value))
    {
        Partition = draft.Partition,
        Headers = draft.Headers.Count == 0 ? null : [.. draft.Headers.Select(header => new RecordHeader(header.Key, Bytes(header.Value)))],
    }).ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        if (_producer.IsValueCreated)
        {
            await _producer.Value.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}

/// <summary>A record as it was typed in; null stands for absent.</summary>
internal sealed record RecordDraft(string Topic, int? Partition, string? Key, string? Value, IReadOnlyList<KeyValuePair<string, string>> Headers);
