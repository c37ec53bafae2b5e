using System.Buffers.Binary;
using OrleansStream.Records;
using OrleansStream.Storage;
using OrleansStream.Topics;

namespace OrleansStream.Server.Tests.Fakes;

/// <summary>A log in memory that a test can hold back, fail and fence. It checks nothing about batches.</summary>
internal sealed class MemoryLog(PartitionId partition, LeaderEpoch epoch, List<byte[]> batches) : IPartitionLog
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private OrleansStreamException? _failure;

    public PartitionId Partition { get; } = partition;

    public LeaderEpoch LeaderEpoch { get; } = epoch;

    public Task Completion => _completion.Task;

    /// <summary>Appends wait for it; a test sets it to hold them back.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Reads wait for it.</summary>
    public Task ReadGate { get; set; } = Task.CompletedTask;

    /// <summary>The disposal waits for it.</summary>
    public Task DisposeGate { get; set; } = Task.CompletedTask;

    public TopicConfiguration? Configuration { get; private set; }

    public int RetentionRuns { get; private set; }

    public event Action<Offset>? HighWatermarkMoved;

    public LogOffsets Offsets
    {
        get
        {
            lock (_lock)
            {
                return new LogOffsets(Offset.Zero, End, End, End);
            }
        }
    }

    private Offset End => new(batches.Sum(batch => (long)new RecordBatchHeader(batch).LastOffsetDelta + 1));

    public async ValueTask<AppendResult> AppendAsync(ReadOnlyMemory<byte> batch, CancellationToken cancellationToken)
    {
        await Gate.WaitAsync(cancellationToken);
        Offset at;
        lock (_lock)
        {
            if (_failure is not null || _completion.Task.IsCompleted)
            {
                return AppendResult.Failed(_failure?.ErrorCode ?? ErrorCode.StorageError, "The log has ended.");
            }

            at = End;
            var stored = batch.ToArray();
            BinaryPrimitives.WriteInt64BigEndian(stored, at.Value);
            batches.Add(stored);
        }

        HighWatermarkMoved?.Invoke(Offsets.HighWatermark);
        return new AppendResult(ErrorCode.None, at, IsDuplicate: false);
    }

    public async ValueTask<RecordBytes> ReadAsync(Offset offset, int maxBytes, bool firstWhole, CancellationToken cancellationToken)
    {
        await ReadGate.WaitAsync(cancellationToken);
        lock (_lock)
        {
            if (_failure is not null)
            {
                throw _failure;
            }

            var taken = new List<byte>();
            foreach (var batch in batches.SkipWhile(batch => new RecordBatchHeader(batch).LastOffset < offset.Value))
            {
                if (taken.Count + batch.Length > maxBytes && (taken.Count > 0 || !firstWhole))
                {
                    break;
                }

                taken.AddRange(batch);
            }

            return RecordBytes.Wrap(taken.ToArray());
        }
    }

    public ValueTask<TimestampedOffset?> FindOffsetAsync(long timestampMs, CancellationToken cancellationToken) => new((TimestampedOffset?)null);

    public (LeaderEpoch Epoch, Offset EndOffset)? FindEpochEnd(LeaderEpoch epoch) => null;

    public ValueTask RollAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask ApplyRetentionAsync(CancellationToken cancellationToken)
    {
        RetentionRuns++;
        return ValueTask.CompletedTask;
    }

    public ValueTask<Offset> DeleteRecordsAsync(Offset before, CancellationToken cancellationToken) => ValueTask.FromResult(Offset.Zero);

    public void Reconfigure(TopicConfiguration configuration) => Configuration = configuration;

    public LogDescription Describe() => new(LeaderEpoch, Offsets, batches.Sum(batch => batch.Length), 1);

    public IReadOnlyList<SegmentDescription> DescribeSegments() => [new(Offset.Zero, batches.Sum(batch => batch.Length), null, null, IsActive: true)];

    public ValueTask<IReadOnlyList<RememberedProducer>> ListProducersAsync(CancellationToken cancellationToken) => new([]);

    /// <summary>Ends the log as a failed disk or a later opening would.</summary>
    public void Fail(ErrorCode error)
    {
        _failure = new OrleansStreamException(error, "The test ended the log.");
        _completion.TrySetException(_failure);
    }

    public async ValueTask DisposeAsync()
    {
        await DisposeGate;
        _completion.TrySetResult();
    }
}
