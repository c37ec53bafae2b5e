using OrleansStream.Records;

namespace OrleansStream.Client.Consuming.Fetching;

/// <summary>
/// What one fetch brought of one partition, decoded batch by batch as the loop gets to it. Owns the memory, which goes back
/// to the pool at disposal. Instead of batches it may carry what ended the run: an error, or an offset to begin anew at.
/// Not thread-safe: whoever took it from <see cref="ReadAhead"/> owns it.
/// </summary>
internal sealed class FetchedBatches : IDisposable
{
    private readonly RecordBytes _bytes;
    private ReadOnlyMemory<byte> _rest;

    private FetchedBatches(FetchRun run, RecordBytes bytes, Offset nextOffset, int recordCount = 0)
    {
        Run = run;
        _bytes = bytes;
        _rest = bytes.Memory;
        Length = bytes.Length;
        NextOffset = nextOffset;
        RecordCount = recordCount;
    }

    public FetchRun Run { get; }

    public int Length { get; }

    /// <summary>The offset behind the last batch.</summary>
    public Offset NextOffset { get; }

    /// <summary>How many records the headers promise; not to be trusted.</summary>
    public int RecordCount { get; }

    /// <summary>The batch that is being read; null before the first and after the last one.</summary>
    public RecordCursor? Records { get; private set; }

    /// <summary>Set when the run ended with an error that the loop has to hear of.</summary>
    public OrleansStreamException? Failure { get; private init; }

    /// <summary>Set when the log does not hold the offset any more and reading goes on elsewhere.</summary>
    public Offset? Reset { get; private init; }

    /// <summary>Takes over batches, whose framing is checked here and whose checksums are checked when they are read.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.CorruptMessage"/>; the bytes stay with the caller.</exception>
    public static FetchedBatches From(FetchRun run, RecordBytes bytes, Offset wanted)
    {
        var rest = bytes.Memory;
        var next = wanted;
        var recordCount = 0;
        while (RecordBatchReader.TryReadBatch(rest, out var batch))
        {
            var header = new RecordBatchHeader(batch.Span);
            next = new Offset(header.LastOffset) + 1;
            recordCount = unchecked(recordCount + header.RecordCount);
            rest = rest[batch.Length..];
        }

        return rest.IsEmpty && next > wanted
            ? new FetchedBatches(run, bytes, next, recordCount)
            : throw new OrleansStreamException(
                ErrorCode.CorruptMessage,
                $"The answer to a fetch of {run.Partition.TopicPartition} from offset {wanted} holds {bytes.Length} bytes "
                + $"that are not whole batches from there on.");
    }

    public static FetchedBatches Failed(FetchRun run, OrleansStreamException failure) => new(run, RecordBytes.Empty, run.NextOffset) { Failure = failure };

    public static FetchedBatches BeginAnew(FetchRun run, Offset offset) => new(run, RecordBytes.Empty, run.NextOffset) { Reset = offset };

    /// <summary>Opens the next batch that holds records from <paramref name="position"/> on.</summary>
    /// <returns>False when there is none.</returns>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.CorruptMessage"/>.</exception>
    public bool MoveToNextBatch(Offset position, int maxDecompressedBytes, out LeaderEpoch epoch)
    {
        Records?.Dispose();
        Records = null;
        while (RecordBatchReader.TryReadBatch(_rest, out var batch))
        {
            var header = new RecordBatchHeader(batch.Span);
            if (!header.IsControl && header.LastOffset >= position.Value)
            {
                Records = RecordCursor.Open(batch, maxDecompressedBytes);
                epoch = new LeaderEpoch(header.LeaderEpoch);
                _rest = _rest[batch.Length..];
                return true;
            }

            _rest = _rest[batch.Length..];
        }

        epoch = LeaderEpoch.None;
        return false;
    }

    public void Dispose()
    {
        Records?.Dispose();
        Records = null;
        _rest = default;
        _bytes.Dispose();
    }
}
