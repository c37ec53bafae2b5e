using OrleansStream.Records;
using OrleansStream.Topics;

namespace OrleansStream.Storage;

/// <summary>
/// The open log of one partition, for its one writer. All members may be called from any thread at the same time. Disposing
/// it finishes what was handed over, notes the recovery point and closes; appends that come later are refused.
/// </summary>
public interface IPartitionLog : IAsyncDisposable
{
    /// <summary>Whose log it is.</summary>
    PartitionId Partition { get; }

    /// <summary>The epoch of this opening.</summary>
    LeaderEpoch LeaderEpoch { get; }

    /// <summary>How far the log reaches at this moment.</summary>
    LogOffsets Offsets { get; }

    /// <summary>
    /// Ends when this opening does: without error after disposal; with <see cref="ErrorCode.FencedLeaderEpoch"/> when a later
    /// opening took over; with another error when the disk failed. From then on every append and read is refused with it.
    /// </summary>
    Task Completion { get; }

    /// <summary>
    /// Raised after the high watermark moved, on the log's own thread: handlers only signal. The argument is the new one.
    /// </summary>
    event Action<Offset>? HighWatermarkMoved;

    /// <summary>
    /// Appends one record batch: checks it, recognises a repeated batch of an idempotent producer (invariant I8), assigns
    /// offsets, writes, and completes when the batch is durable as the topic's <see cref="FlushMode"/> defines it. Appends
    /// that wait at the same time share one flush.
    /// </summary>
    /// <param name="batch">
    /// Exactly one batch. The bytes are neither changed nor kept after completion; the caller keeps them unchanged until then.
    /// </param>
    /// <param name="cancellationToken">Honoured until the batch is handed to the writer; after that the append is finished.</param>
    /// <returns>
    /// Expected trouble comes as a result, not as an exception: a bad batch, a stale epoch, a full disk, a log gone offline.
    /// </returns>
    ValueTask<AppendResult> AppendAsync(ReadOnlyMemory<byte> batch, CancellationToken cancellationToken);

    /// <summary>Reads whole batches below the high watermark (invariant I6), the first of which contains <paramref name="offset"/>.</summary>
    /// <param name="offset">From the log start offset up to the high watermark; at the high watermark nothing is returned.</param>
    /// <param name="maxBytes">The most bytes.</param>
    /// <param name="firstWhole">
    /// Returns the first batch even if it alone is larger than that, so that a reader gets on; otherwise such a batch is left, and nothing is returned.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The bytes, which the caller disposes.</returns>
    /// <exception cref="OrleansStreamException">
    /// <see cref="ErrorCode.OffsetOutOfRange"/>, <see cref="ErrorCode.CorruptLog"/> or the error of <see cref="Completion"/>.
    /// </exception>
    ValueTask<RecordBytes> ReadAsync(Offset offset, int maxBytes, bool firstWhole, CancellationToken cancellationToken);

    /// <summary>Finds the first record, below the high watermark, whose timestamp is not before <paramref name="timestampMs"/>.</summary>
    /// <returns>The record's offset and its own timestamp; null when every record is older.</returns>
    ValueTask<TimestampedOffset?> FindOffsetAsync(long timestampMs, CancellationToken cancellationToken);

    /// <summary>
    /// Where an epoch ended: the start of the first later epoch, or the log's end for the current one. For an epoch that wrote
    /// nothing, the answer is that of the nearest earlier one; null when there is none.
    /// </summary>
    (LeaderEpoch Epoch, Offset EndOffset)? FindEpochEnd(LeaderEpoch epoch);

    /// <summary>Closes the active segment and begins the next, so that retention may delete it.</summary>
    ValueTask RollAsync(CancellationToken cancellationToken);

    /// <summary>Deletes the oldest segments that the configuration's retention no longer covers; never the active one.</summary>
    ValueTask ApplyRetentionAsync(CancellationToken cancellationToken);

    /// <summary>Moves the log start offset up to <paramref name="before"/> and deletes the segments below it.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.OffsetOutOfRange"/> beyond the high watermark.</exception>
    ValueTask<Offset> DeleteRecordsAsync(Offset before, CancellationToken cancellationToken);

    /// <summary>Takes over changed settings of the topic from the next append on.</summary>
    void Reconfigure(TopicConfiguration configuration);

    /// <summary>The log's extent, with its size.</summary>
    LogDescription Describe();

    /// <summary>The segments, oldest first; the last one is active.</summary>
    IReadOnlyList<SegmentDescription> DescribeSegments();

    /// <summary>The idempotent producers that the log remembers, by id.</summary>
    ValueTask<IReadOnlyList<RememberedProducer>> ListProducersAsync(CancellationToken cancellationToken);
}

/// <summary>An idempotent producer as a log remembers it.</summary>
/// <param name="ProducerId">The producer's id.</param>
/// <param name="ProducerEpoch">Its epoch.</param>
/// <param name="LastSequence">The sequence of its last record; -1 when its first batch could not be written.</param>
/// <param name="LastSeen">When it last wrote, by the server's clock.</param>
public readonly record struct RememberedProducer(long ProducerId, short ProducerEpoch, int LastSequence, DateTimeOffset LastSeen);
