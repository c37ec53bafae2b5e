using System.Buffers.Binary;
using OrleansStream.Records;

namespace OrleansStream.Storage.Partitions;

/// <summary>
/// The batches that one write stores, one after the other from the log's end. Each is two buffers: a prefix of the group's own
/// with offset, length and epoch, and the caller's bytes behind it, which are never copied. Reused from write to write.
/// </summary>
internal sealed class AppendGroup
{
    private readonly List<ReadOnlyMemory<byte>> _buffers = [];
    private readonly List<GroupBatch> _batches = [];
    private byte[] _prefixes = new byte[16 * RecordBatchFormat.PrefixBytes];

    /// <summary>Prefix, rest, prefix, rest: what to write.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Buffers => _buffers;

    /// <summary>What is in the buffers, two of which make up one batch.</summary>
    public IReadOnlyList<GroupBatch> Batches => _batches;

    /// <summary>The bytes of all batches.</summary>
    public int SizeInBytes { get; private set; }

    /// <summary>Adds a batch at an offset.</summary>
    public void Add(ReadOnlyMemory<byte> batch, in RecordBatchHeader header, Offset baseOffset, LeaderEpoch leaderEpoch)
    {
        var at = _batches.Count * RecordBatchFormat.PrefixBytes;
        if (at == _prefixes.Length)
        {
            // Earlier prefixes stay where they are: their slices keep the old array alive until the group is reset.
            _prefixes = new byte[2 * _prefixes.Length];
        }

        var prefix = _prefixes.AsMemory(at, RecordBatchFormat.PrefixBytes);
        BinaryPrimitives.WriteInt64BigEndian(prefix.Span, baseOffset.Value);
        BinaryPrimitives.WriteInt32BigEndian(prefix.Span[sizeof(long)..], batch.Length - RecordBatchFormat.LengthOverheadBytes);
        BinaryPrimitives.WriteInt32BigEndian(prefix.Span[RecordBatchFormat.LengthOverheadBytes..], leaderEpoch.Value);
        _buffers.Add(prefix);
        _buffers.Add(batch[RecordBatchFormat.PrefixBytes..]);
        _batches.Add(new GroupBatch(baseOffset, baseOffset + header.LastOffsetDelta, header.MaxTimestamp, batch.Length));
        SizeInBytes += batch.Length;
    }

    /// <summary>Empties the group and lets go of the callers' memory.</summary>
    public void Reset()
    {
        _buffers.Clear();
        _batches.Clear();
        SizeInBytes = 0;
    }
}

/// <summary>A batch on its way to the disk.</summary>
internal readonly record struct GroupBatch(Offset BaseOffset, Offset LastOffset, long MaxTimestampMs, int SizeInBytes);
