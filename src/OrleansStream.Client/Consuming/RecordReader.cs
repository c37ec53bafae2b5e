using System.Runtime.CompilerServices;
using OrleansStream.Client.Consuming.Fetching;
using OrleansStream.Client.Serialization;
using OrleansStream.Records;

namespace OrleansStream.Client.Consuming;

/// <summary>
/// Decodes records where the loop runs, straight out of the bytes that were fetched. One loop uses it at a time, and it
/// outlives loops: the record that one got last is done when the next one asks. After an error, reading stands where it
/// stood before.
/// </summary>
internal sealed class RecordReader<TKey, TValue>
{
    private readonly ReadAhead _readAhead;
    private readonly Fetcher _fetcher;
    private readonly ConsumedPartitions _partitions;
    private readonly ConsumerMetrics _metrics;
    private readonly ISerializer<TKey> _keys;
    private readonly ISerializer<TValue> _values;
    private readonly int _maxDecompressedBytes;
    private FetchedBatches? _batches;
    private FetchRun? _inHand;
    private int _count;

    public RecordReader(
        ReadAhead readAhead, Fetcher fetcher, ConsumedPartitions partitions, ConsumerMetrics metrics, ConsumerOptions<TKey, TValue> options)
    {
        _readAhead = readAhead;
        _fetcher = fetcher;
        _partitions = partitions;
        _metrics = metrics;
        _keys = options.KeySerializer ?? Serializers.For<TKey>();
        _values = options.ValueSerializer ?? Serializers.For<TValue>();
        _maxDecompressedBytes = options.MaxDecompressedBytes;
    }

    /// <summary>The run of what the loop was given last; for the loop's thread.</summary>
    public FetchRun? InHand => _inHand;

    /// <summary>The record that the last loop ended at because its key or value cannot be read; null when it did not.</summary>
    public UnreadableRecord? Unreadable { get; private set; }

    /// <summary>True when nothing will come any more.</summary>
    public bool IsClosed => _readAhead.IsClosed;

    /// <summary>Completes when it is worth trying again.</summary>
    public ValueTask WaitAsync() => _readAhead.WaitAsync();

    /// <summary>Completes a wait without a reason of its own.</summary>
    public void Wake() => _readAhead.Wake();

    /// <summary>Everything that was read before is done.</summary>
    public void MarkDone() => _inHand?.Progress.MarkDone();

    /// <summary>Reads the next record, if one is buffered. Everything that was read before is done.</summary>
    /// <exception cref="OrleansStreamException">The partition is damaged or cannot be read, or a key or value cannot be deserialized.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(out ConsumedRecord<TKey, TValue> record)
    {
        if (_batches is { Records: { } records } batches && !batches.Run.IsInterrupted)
        {
            batches.Run.Progress.MarkDone();
            if (TryDecode(batches.Run, records, out record))
            {
                return true;
            }
        }

        return TryReadElsewhere(out record);
    }

    /// <summary>
    /// Reads consecutive records of one partition, as many as one fetch brought; null when none is buffered. Everything that
    /// was read before is done.
    /// </summary>
    /// <inheritdoc cref="TryRead"/>
    public ConsumedBatch<TKey, TValue>? TryReadBatch(int maxRecords)
    {
        if (!TryRead(out var first))
        {
            return null;
        }

        var batches = _batches!;
        var records = new ConsumedRecord<TKey, TValue>[Math.Clamp(batches.RecordCount - _count + 1, 1, maxRecords)];
        records[0] = first;
        var count = 1;
        try
        {
            while (count < records.Length && !batches.Run.IsInterrupted)
            {
                if (TryDecode(batches.Run, batches.Records!, out records[count]))
                {
                    count++;
                }
                else if (!MoveToNextBatch(batches))
                {
                    break;
                }
            }
        }
        catch (OrleansStreamException)
        {
            // The records before the bad one are good. The next call begins with the bad one and reports it.
        }

        return new ConsumedBatch<TKey, TValue>(first.TopicPartition, records.AsMemory(0, count));
    }

    /// <summary>The loop ends: what it did not get to is kept for the next one.</summary>
    public void Leave()
    {
        PutAside();
        _readAhead.LetGo();
    }

    private bool TryReadElsewhere(out ConsumedRecord<TKey, TValue> record)
    {
        MarkDone();
        while (true)
        {
            if (_batches is { Run.IsInterrupted: true } interrupted)
            {
                interrupted.Run.IsInterrupted = false;
                PutAside();
            }

            if (_batches is null)
            {
                _batches = _readAhead.TryTake();
                if (_batches is null)
                {
                    record = default;
                    return false;
                }

                _fetcher.Continue(_batches.Run);
            }

            var batches = _batches;
            if (batches.Failure is { } failure)
            {
                throw Restarted(batches, failure);
            }

            if (batches.Reset is { } offset)
            {
                Release(batches);
                _partitions.Seek(batches.Run.Partition, offset, insteadOf: batches.Run.Progress);
            }
            else if (batches.Records is { } records && TryDecode(batches.Run, records, out record))
            {
                _inHand = batches.Run;
                return true;
            }
            else if (!MoveToNextBatch(batches))
            {
                batches.Run.Progress.SkipTo(batches.NextOffset);
                batches.Run.Progress.MarkDone();
                Release(batches);
            }
        }
    }

    private bool TryDecode(FetchRun run, RecordCursor records, out ConsumedRecord<TKey, TValue> record)
    {
        var progress = run.Progress;
        try
        {
            // A fetch begins with the whole batch that holds the offset asked for.
            do
            {
                if (!records.MoveNext())
                {
                    record = default;
                    return false;
                }
            }
            while (records.Offset < progress.Position);
        }
        catch (OrleansStreamException exception)
        {
            throw Damaged(run, exception);
        }

        var offset = records.Offset;
        record = new ConsumedRecord<TKey, TValue>(
            run.Partition.TopicPartition,
            offset,
            records.TimestampMs,
            records.IsKeyNull ? default : Deserialize(_keys, records.Key, "key", run, offset),
            records.IsValueNull ? default : Deserialize(_values, records.Value, "value", run, offset),
            records.HeaderCount == 0 ? [] : records.ReadHeaders(),
            progress.Epoch);
        progress.Yield(offset);
        _count++;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T Deserialize<T>(ISerializer<T> serializer, ReadOnlySpan<byte> data, string what, FetchRun run, Offset offset)
    {
        try
        {
            return serializer.Deserialize(data);
        }
        catch (Exception exception)
        {
            run.Progress.SkipTo(offset);
            var reason = new OrleansStreamException(
                ErrorCode.SerializationFailed,
                $"The {what} of the record at offset {offset} of {run.Partition.TopicPartition} cannot be read as {typeof(T).Name}: {exception.Message} "
                + $"Seek to offset {offset + 1} to go on behind it.",
                exception);
            Unreadable = new UnreadableRecord(run, offset, reason);
            throw Restarted(_batches!, reason);
        }
    }

    private bool MoveToNextBatch(FetchedBatches batches)
    {
        try
        {
            if (batches.MoveToNextBatch(batches.Run.Progress.Position, _maxDecompressedBytes, out var epoch))
            {
                batches.Run.Progress.Enter(epoch);
                return true;
            }

            return false;
        }
        catch (OrleansStreamException exception)
        {
            throw Damaged(batches.Run, exception);
        }
    }

    private OrleansStreamException Damaged(FetchRun run, OrleansStreamException exception) => Restarted(_batches!, new OrleansStreamException(
        exception.ErrorCode,
        $"{run.Partition.TopicPartition} cannot be read from offset {run.Progress.Position}: {exception.Message} "
        + "Seek behind the damaged batch to go on without it.",
        exception));

    /// <summary>Goes back to where the loop stands, so that whoever tries again, or seeks, starts from there.</summary>
    private OrleansStreamException Restarted(FetchedBatches batches, OrleansStreamException reason)
    {
        Release(batches);
        _partitions.Restart(batches.Run, reason);
        return reason;
    }

    private void Release(FetchedBatches batches)
    {
        Report(batches);
        _batches = null;
        _readAhead.Release(batches);
        _fetcher.RoomFreed();
    }

    private void PutAside()
    {
        if (_batches is { } batches)
        {
            Report(batches);
            _batches = null;
            _readAhead.GiveBack(batches);
            _fetcher.RoomFreed();
        }
    }

    private void Report(FetchedBatches batches)
    {
        _metrics.Consumed(batches.Run.Partition.TopicPartition, _count);
        _count = 0;
    }
}

/// <summary>A record whose key or value cannot be turned into an object.</summary>
/// <param name="Run">The run that it came with.</param>
/// <param name="Offset">Where it is.</param>
/// <param name="Reason">What the loop was told.</param>
internal sealed record UnreadableRecord(FetchRun Run, Offset Offset, OrleansStreamException Reason);
