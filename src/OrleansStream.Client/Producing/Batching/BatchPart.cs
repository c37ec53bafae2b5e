using OrleansStream.Records;

namespace OrleansStream.Client.Producing.Batching;

/// <summary>
/// Consecutive records of a batch that travel together: all of them, unless the batch had to be split. First it gathers in a
/// builder, then it is sealed into its final bytes, which every retry sends again. Not thread-safe.
/// </summary>
internal sealed class BatchPart
{
    private RecordBatchBuilder? _builder;
    private RecordBytes? _sealed;

    public BatchPart(int firstRecord, RecordBatchBuilder builder, int maxBytes) =>
        (FirstRecord, _builder, MaxBytes) = (firstRecord, builder, maxBytes);

    /// <summary>The most bytes that its builder puts into a batch of several records.</summary>
    public int MaxBytes { get; }

    /// <summary>The index of its first record in the batch.</summary>
    public int FirstRecord { get; }

    public int RecordCount { get; private set; }

    public bool IsSealed => _sealed is not null;

    /// <summary>The sequence of its first record; -1 without idempotence.</summary>
    public int BaseSequence { get; private set; } = -1;

    /// <summary>How often it was handed to the network.</summary>
    public int Attempts { get; set; }

    /// <summary>True once an attempt ended without an answer that says that nothing was stored.</summary>
    public bool HasUnknownOutcome { get; set; }

    /// <summary>True once it got a new sequence because the partition found a gap before the old one.</summary>
    public bool WasRenumbered { get; set; }

    public int SizeInBytes => _sealed?.Length ?? _builder!.SizeInBytes;

    public bool TryAppend(in RecordFields fields)
    {
        if (!_builder!.TryAppend(fields))
        {
            return false;
        }

        RecordCount++;
        return true;
    }

    /// <summary>Makes the bytes final.</summary>
    /// <returns>The builder, empty, for another part.</returns>
    public RecordBatchBuilder Seal(long producerId, short producerEpoch, int baseSequence)
    {
        var builder = _builder!;
        _sealed = builder.Build(producerId, producerEpoch, baseSequence);
        BaseSequence = baseSequence;
        _builder = null;
        builder.Reset();
        return builder;
    }

    /// <summary>The bytes, lent: they stay as they are until the part is released.</summary>
    public RecordBytes Lend() => RecordBytes.Wrap(_sealed!.Memory);

    /// <summary>Opens the part again, as one part or more. Only when it is certain that nothing of it was stored.</summary>
    /// <param name="compression">How to compress.</param>
    /// <param name="maxBytes">The largest part, before compression.</param>
    public List<BatchPart> Reopen(CompressionType compression, int maxBytes)
    {
        var parts = new List<BatchPart>();
        using (var cursor = RecordCursor.Open(_sealed!.Memory, ProtocolLimits.MaxRecordBytes))
        {
            BatchPart? part = null;
            for (var index = FirstRecord; cursor.MoveNext(); index++)
            {
                var fields = new RecordFields
                {
                    TimestampMs = cursor.TimestampMs,
                    Key = cursor.Key,
                    IsKeyNull = cursor.IsKeyNull,
                    Value = cursor.Value,
                    IsValueNull = cursor.IsValueNull,
                    Headers = cursor.ReadHeaders(),
                };
                if (part is null || !part.TryAppend(fields))
                {
                    part = new BatchPart(index, new RecordBatchBuilder(compression, maxBytes), maxBytes);
                    part.TryAppend(fields);
                    parts.Add(part);
                }
            }
        }

        Release();
        return parts;
    }

    /// <summary>
    /// Gives the memory back. After more than one attempt, or one without an answer, an earlier message may still lie in a queue
    /// of the network or with the silo, and must not find other bytes there: then the memory is left to the garbage collector.
    /// </summary>
    public void Release()
    {
        _builder?.Dispose();
        _builder = null;
        if (Attempts <= 1 && !HasUnknownOutcome)
        {
            _sealed?.Dispose();
        }

        _sealed = null;
    }
}
