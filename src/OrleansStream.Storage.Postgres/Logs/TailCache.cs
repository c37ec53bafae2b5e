using System.Buffers;
using System.Runtime.InteropServices;
using OrleansStream.Records;
using OrleansStream.Storage.Partitions;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>
/// The youngest batches of all logs of a store, within one budget: whoever reads what was just written need not ask the database.
/// What was put in first leaves first. Safe for concurrent use.
/// </summary>
internal sealed class TailCache(long maxBytes)
{
    private readonly Lock _gate = new();
    private readonly Queue<CachedBatch> _batches = new();
    private long _bytes;

    /// <summary>Takes over one reference to each batch.</summary>
    public void Add(LogTail tail, IReadOnlyList<CachedBatch> batches)
    {
        lock (_gate)
        {
            foreach (var batch in batches)
            {
                _batches.Enqueue(batch);
                _bytes += batch.Length;
                tail.Append(batch);
            }

            while (_bytes > maxBytes)
            {
                var oldest = _batches.Dequeue();
                _bytes -= oldest.Length;
                oldest.Tail!.RemoveOldest(oldest);
                oldest.Release();
            }
        }
    }
}

/// <summary>What the cache holds of one log: its last batches, without a gap, up to its end. Safe for concurrent use.</summary>
internal sealed class LogTail
{
    private readonly Lock _gate = new();
    private readonly List<CachedBatch> _batches = [];

    /// <summary>How many at the front of the list have left already; they are cut off now and then, which is cheaper than each time.</summary>
    private int _gone;

    /// <summary>Copies whole batches from the one that contains an offset on.</summary>
    /// <returns>A copy, which is empty when the first batch is too large to be returned; null when the cache does not reach back so far.</returns>
    public RecordBytes? TryRead(Offset offset, Offset end, int maxBytes, bool firstWhole)
    {
        List<CachedBatch> found = [];
        var length = 0;
        var isTooLarge = false;
        lock (_gate)
        {
            if (_gone == _batches.Count || _batches[_gone].BaseOffset > offset)
            {
                return null;
            }

            var first = _gone + OffsetSearch.FindLast<CachedBatch>(CollectionsMarshal.AsSpan(_batches)[_gone..], offset, static batch => batch.BaseOffset);
            for (var i = first; i < _batches.Count && _batches[i].LastOffset < end; i++)
            {
                if ((found.Count > 0 || !firstWhole) && length + _batches[i].Length > maxBytes)
                {
                    isTooLarge = found.Count == 0;
                    break;
                }

                _batches[i].Acquire();
                found.Add(_batches[i]);
                length += _batches[i].Length;
            }
        }

        if (length == 0)
        {
            return isTooLarge ? RecordBytes.Empty : null;
        }

        var copy = ArrayPool<byte>.Shared.Rent(length);
        var at = 0;
        foreach (var batch in found)
        {
            batch.Bytes.Span.CopyTo(copy.AsSpan(at));
            at += batch.Length;
            batch.Release();
        }

        return RecordBytes.FromRented(copy, length);
    }

    /// <summary>Puts a batch at the end.</summary>
    public void Append(CachedBatch batch)
    {
        batch.Tail = this;
        lock (_gate)
        {
            if (_gone < _batches.Count && _batches[^1].LastOffset + 1 != batch.BaseOffset)
            {
                throw new InvalidOperationException($"I2 broken: offset {batch.BaseOffset} was cached behind {_batches[^1].LastOffset}.");
            }

            _batches.Add(batch);
        }
    }

    /// <summary>Takes the oldest batch out, which is the given one, because a cache gives up its batches in the order they came.</summary>
    public void RemoveOldest(CachedBatch batch)
    {
        lock (_gate)
        {
            if (_gone == _batches.Count || _batches[_gone] != batch)
            {
                return;
            }

            _gone++;
            if (_gone > _batches.Count / 2)
            {
                _batches.RemoveRange(0, _gone);
                _gone = 0;
            }
        }
    }

    /// <summary>Forgets everything; the cache gives the memory back when the batches' turn comes.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _batches.Clear();
            _gone = 0;
        }
    }
}

/// <summary>
/// A stored batch in memory of its own, rented; whoever holds a reference may read it, and the last release gives it back.
/// It is made with one reference.
/// </summary>
internal sealed class CachedBatch
{
    private readonly byte[] _rented;
    private int _references = 1;

    /// <summary>Joins the prefix and the rest of a batch.</summary>
    public CachedBatch(Offset baseOffset, Offset lastOffset, long maxTimestampMs, ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> rest)
    {
        BaseOffset = baseOffset;
        LastOffset = lastOffset;
        MaxTimestampMs = maxTimestampMs;
        Length = prefix.Length + rest.Length;
        _rented = ArrayPool<byte>.Shared.Rent(Length);
        prefix.Span.CopyTo(_rented);
        rest.Span.CopyTo(_rented.AsSpan(prefix.Length));
    }

    public Offset BaseOffset { get; }

    public Offset LastOffset { get; }

    public long MaxTimestampMs { get; }

    public int Length { get; }

    /// <summary>The whole batch, as stored.</summary>
    public ReadOnlyMemory<byte> Bytes => _rented.AsMemory(0, Length);

    /// <summary>The log's part of the cache; set when the batch is put there.</summary>
    public LogTail? Tail { get; set; }

    /// <summary>Takes a reference; the caller knows of another one that is held meanwhile.</summary>
    public void Acquire() => Interlocked.Increment(ref _references);

    /// <summary>Gives a reference back.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }
}
