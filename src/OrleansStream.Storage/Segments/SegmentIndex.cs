using System.Buffers.Binary;
using OrleansStream.Records;

namespace OrleansStream.Storage.Segments;

/// <summary>
/// Where to start looking in a segment for an offset or a time: one entry for about every 32 KiB. A hint that can be rebuilt
/// (invariant I3). Extended by the log's turns while anybody searches; an entry is complete before the count admits it.
/// </summary>
/// <remarks>
/// The file, written when the segment is sealed and at checkpoints; big-endian:
/// <code>
/// offset size field           why
///  0     4    magic "OSIX"    version 1
///  4     4    covered bytes   how much of the segment the entries describe
///  8     8    max timestamp   of everything covered
/// 16     4    entry count
/// 20     4    crc             CRC-32C of bytes 0 to 19 and of all entries
/// 24     16n  entries         relative offset i32, position i32, max timestamp of everything before the position i64
/// </code>
/// </remarks>
internal sealed class SegmentIndex
{
    /// <summary>How many bytes of batches share an entry.</summary>
    public const int IntervalBytes = 32 * 1024;

    private const uint Magic = 0x4F534958;
    private const int CrcAt = 20;
    private const int HeaderBytes = CrcAt + sizeof(uint);
    private const int EntryBytes = sizeof(int) + sizeof(int) + sizeof(long);

    private volatile Entry[] _entries = new Entry[4];
    private int _count;
    private long _maxTimestamp = -1;
    private int _nextEntryAt = IntervalBytes;

    /// <summary>The end of the last batch that was added.</summary>
    public int CoveredBytes { get; private set; }

    /// <summary>The youngest timestamp that was added; -1 when there is none.</summary>
    public long MaxTimestampMs => Volatile.Read(ref _maxTimestamp);

    /// <summary>The number of entries.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes note of the next batch of the segment.</summary>
    public void Add(int relativeOffset, int position, int sizeInBytes, long maxTimestampMs)
    {
        if (position >= _nextEntryAt)
        {
            var count = _count;
            if (count == _entries.Length)
            {
                var larger = new Entry[2 * count];
                _entries.AsSpan().CopyTo(larger);
                _entries = larger;
            }

            _entries[count] = new Entry(relativeOffset, position, _maxTimestamp);
            Volatile.Write(ref _count, count + 1);
            _nextEntryAt = position + IntervalBytes;
        }

        Volatile.Write(ref _maxTimestamp, Math.Max(_maxTimestamp, maxTimestampMs));
        CoveredBytes = position + sizeInBytes;
    }

    /// <summary>Forgets what lies at or behind a position, where <paramref name="maxTimestampMs"/> was the youngest timestamp.</summary>
    public void TrimTo(int position, long maxTimestampMs)
    {
        while (_count > 0 && _entries[_count - 1].Position >= position)
        {
            _count--;
        }

        _maxTimestamp = maxTimestampMs;
        _nextEntryAt = (_count > 0 ? _entries[_count - 1].Position : 0) + IntervalBytes;
        CoveredBytes = position;
    }

    /// <summary>The position of a batch at or before an offset.</summary>
    public int FindPosition(int relativeOffset) => FindLast(entry => entry.RelativeOffset <= relativeOffset);

    /// <summary>A position before which every record is older than <paramref name="timestampMs"/>.</summary>
    public int FindTime(long timestampMs) => FindLast(entry => entry.MaxTimestampBefore < timestampMs);

    /// <summary>The file's content.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[HeaderBytes + (_count * EntryBytes)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), CoveredBytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8), _maxTimestamp);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), _count);
        for (var i = 0; i < _count; i++)
        {
            var entry = bytes.AsSpan(HeaderBytes + (i * EntryBytes));
            BinaryPrimitives.WriteInt32BigEndian(entry, _entries[i].RelativeOffset);
            BinaryPrimitives.WriteInt32BigEndian(entry[4..], _entries[i].Position);
            BinaryPrimitives.WriteInt64BigEndian(entry[8..], _entries[i].MaxTimestampBefore);
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CrcAt), Checksum(bytes));
        return bytes;
    }

    /// <summary>Reads a file's content.</summary>
    /// <returns>Null when it is damaged: then the index has to be rebuilt.</returns>
    public static SegmentIndex? TryParse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt32BigEndian(bytes) != Magic)
        {
            return null;
        }

        var count = BinaryPrimitives.ReadInt32BigEndian(bytes[16..]);
        if (count < 0 || bytes.Length < HeaderBytes + ((long)count * EntryBytes))
        {
            return null;
        }

        // A shorter index may have been written over a longer one of an earlier opening.
        bytes = bytes[..(HeaderBytes + (count * EntryBytes))];
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcAt..]) != Checksum(bytes))
        {
            return null;
        }

        var index = new SegmentIndex
        {
            _entries = new Entry[Math.Max(4, count)],
            _count = count,
            _maxTimestamp = BinaryPrimitives.ReadInt64BigEndian(bytes[8..]),
            CoveredBytes = BinaryPrimitives.ReadInt32BigEndian(bytes[4..]),
        };
        for (var i = 0; i < count; i++)
        {
            var entry = bytes[(HeaderBytes + (i * EntryBytes))..];
            index._entries[i] = new Entry(
                BinaryPrimitives.ReadInt32BigEndian(entry),
                BinaryPrimitives.ReadInt32BigEndian(entry[4..]),
                BinaryPrimitives.ReadInt64BigEndian(entry[8..]));
        }

        index._nextEntryAt = (count > 0 ? index._entries[count - 1].Position : 0) + IntervalBytes;
        return index;
    }

    private int FindLast(Func<Entry, bool> isBefore)
    {
        // The count first: the array seen after it holds at least that many entries.
        int low = 0, high = Volatile.Read(ref _count);
        var entries = _entries;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (isBefore(entries[middle]))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? 0 : entries[low - 1].Position;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes) => Crc32C.Append(Crc32C.Compute(bytes[..CrcAt]), bytes[HeaderBytes..]);

    private readonly record struct Entry(int RelativeOffset, int Position, long MaxTimestampBefore);
}
