using System.Collections.Immutable;

namespace OrleansStream.Storage.Partitions;

/// <summary>
/// What a partition remembers of one idempotent producer. Immutable, so that a group that could not be written is undone by
/// putting the earlier instance back.
/// </summary>
/// <param name="ProducerEpoch">The producer's epoch.</param>
/// <param name="NextSequence">The sequence that its next batch has to start with.</param>
/// <param name="LastSeenMs">When it last wrote, by the server's clock.</param>
/// <param name="Batches">Its last batches, oldest first; at most <see cref="MaxBatches"/>, none when its first could not be written.</param>
internal sealed record ProducerState(short ProducerEpoch, int NextSequence, long LastSeenMs, ImmutableArray<ProducedBatch> Batches)
{
    /// <summary>A producer has at most five batches in flight, so a repeated one is always among the last five.</summary>
    public const int MaxBatches = 5;

    /// <summary>The state after one more batch.</summary>
    public static ProducerState After(ProducerState? before, short producerEpoch, ProducedBatch batch, long nowMs)
    {
        var next = batch.LastSequence == int.MaxValue ? 0 : batch.LastSequence + 1;
        if (before is null || before.ProducerEpoch != producerEpoch)
        {
            return new ProducerState(producerEpoch, next, nowMs, [batch]);
        }

        var kept = before.Batches.AsSpan();
        return new ProducerState(producerEpoch, next, nowMs, [.. kept.Length == MaxBatches ? kept[1..] : kept, batch]);
    }
}

/// <summary>A batch that an idempotent producer sent.</summary>
/// <param name="FirstSequence">The sequence of its first record.</param>
/// <param name="LastSequence">The sequence of its last record.</param>
/// <param name="BaseOffset">The offset it got.</param>
internal readonly record struct ProducedBatch(int FirstSequence, int LastSequence, Offset BaseOffset);
