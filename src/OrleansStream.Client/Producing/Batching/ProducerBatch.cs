using OrleansStream.Records;

namespace OrleansStream.Client.Producing.Batching;

/// <summary>
/// Records of one partition that are sent together, and those who wait for them. It gathers under its accumulator's lock,
/// then belongs to the sender alone.
/// </summary>
internal sealed class ProducerBatch
{
    private readonly LinkedList<BatchPart> _parts = new();
    private readonly List<PartOutcome> _outcomes = new(1);

    public ProducerBatch(RecordBatchBuilder builder, int maxBytes, long createdAt)
    {
        CreatedAt = createdAt;
        _parts.AddFirst(new BatchPart(0, builder, maxBytes));
    }

    /// <summary>When its first record was accepted; a timestamp of the clock.</summary>
    public long CreatedAt { get; }

    public BatchCompletion Completion { get; } = new();

    public int RecordCount { get; private set; }

    /// <summary>The room it takes in the budget.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>The part to be sent next; null when the fate of all is known.</summary>
    public BatchPart? NextPart => _parts.First?.Value;

    /// <summary>Takes a record in.</summary>
    /// <returns>False when the batch is full.</returns>
    public bool TryAppend(in RecordFields fields, int reservedBytes, in DeliveryRequest request, out ValueTask<RecordMetadata> delivery)
    {
        delivery = default;
        if ((request.IsAwaited && !Completion.CanAwaitMore) || !_parts.First!.Value.TryAppend(fields))
        {
            return false;
        }

        Completion.Add(RecordCount++, request, out delivery);
        ReservedBytes += reservedBytes;
        return true;
    }

    /// <summary>Notes that the next part was stored.</summary>
    public void Resolve(Offset baseOffset) => Resolve(baseOffset, ErrorCode.None, null, null);

    /// <summary>Notes that the next part was not stored, as far as is known.</summary>
    public void Fail(ErrorCode error, string message, Exception? cause) => Resolve(Offset.None, error, message, cause);

    /// <summary>Replaces the next part by what it was reopened into.</summary>
    public void Replace(List<BatchPart> parts)
    {
        _parts.RemoveFirst();
        for (var i = parts.Count - 1; i >= 0; i--)
        {
            _parts.AddFirst(parts[i]);
        }
    }

    public BatchOutcome ToOutcome(TopicPartition partition) => new(partition, [.. _outcomes]);

    private void Resolve(Offset baseOffset, ErrorCode error, string? message, Exception? cause)
    {
        var part = _parts.First!.Value;
        _parts.RemoveFirst();
        _outcomes.Add(new PartOutcome(part.FirstRecord, part.RecordCount, baseOffset, error, message, cause));
        part.Release();
    }
}
