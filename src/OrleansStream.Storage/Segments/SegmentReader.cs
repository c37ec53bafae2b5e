using System.Buffers;
using OrleansStream.Records;
using OrleansStream.Storage.Files;
using OrleansStream.Storage.Partitions;

namespace OrleansStream.Storage.Segments;

/// <summary>Reads from one leased segment. Safe for concurrent use.</summary>
internal sealed class SegmentReader(Segment segment, IFile file, ReadHints hints, Action<Segment> indexRebuilt)
{
    /// <summary>Reads whole batches from the one that contains <paramref name="offset"/>, up to <paramref name="end"/>.</summary>
    /// <param name="offset">An offset that the segment holds.</param>
    /// <param name="end">Batches from here on are not returned.</param>
    /// <param name="maxBytes">The most bytes.</param>
    /// <param name="firstWhole">Returns the first batch even if it is larger; otherwise nothing is returned then.</param>
    public RecordBytes Read(Offset offset, Offset end, int maxBytes, bool firstWhole)
    {
        // Read first, look at the batches afterwards: in the common case that is one call to the system.
        var position = hints.Find(offset, segment.BaseOffset) is { } hint ? hint : FindPosition(offset);
        if (!firstWhole && SizeAt(position) > maxBytes)
        {
            return RecordBytes.Empty;
        }

        var available = segment.SizeInBytes - position;
        var wanted = Math.Clamp(maxBytes, RecordBatchFormat.HeaderBytes, Math.Max(RecordBatchFormat.HeaderBytes, available));
        var buffer = ArrayPool<byte>.Shared.Rent(wanted);
        try
        {
            var read = file.ReadFully(buffer.AsSpan(0, Math.Min(wanted, available)), position);
            var length = TakeWholeBatches(buffer.AsSpan(0, read), position, offset, end, out var next);
            if (length > read)
            {
                // One batch larger than asked for: it is returned whole, or its reader would be stuck for ever.
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = [];
                buffer = ArrayPool<byte>.Shared.Rent(length);
                if (file.ReadFully(buffer.AsSpan(0, length), position) < length)
                {
                    throw segment.Corrupt(position, $"the file ends within the batch at offset {offset}");
                }
            }

            hints.Add(next, segment.BaseOffset, position + length);
            return RecordBytes.FromRented(buffer, length);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    /// <summary>Finds the first record from <paramref name="start"/> up to <paramref name="end"/> that is not older than a time.</summary>
    public TimestampedOffset? FindOffset(long timestampMs, Offset start, Offset end)
    {
        var index = segment.GetIndex(file, indexRebuilt);
        var position = index.FindTime(timestampMs);
        using var scanner = new BatchScanner(file, position, segment.SizeInBytes, OffsetAt(position), checkIntegrity: false);
        while (scanner.MoveNext() && scanner.Header.BaseOffset < end.Value)
        {
            if (scanner.Header.LastOffset >= start.Value && scanner.Header.MaxTimestamp >= timestampMs
                && FindRecord(scanner, timestampMs, start) is { } found)
            {
                return found;
            }
        }

        return scanner.Problem is null || scanner.NextOffset >= end ? null : throw segment.Corrupt(scanner.NextPosition, scanner.Problem);
    }

    private int FindPosition(Offset offset)
    {
        var position = segment.GetIndex(file, indexRebuilt).FindPosition((int)(offset - segment.BaseOffset));
        using var scanner = new BatchScanner(file, position, segment.SizeInBytes, OffsetAt(position), checkIntegrity: false);
        while (scanner.MoveNext())
        {
            if (scanner.NextOffset > offset)
            {
                return (int)scanner.Position;
            }
        }

        throw segment.Corrupt(scanner.NextPosition, scanner.Problem ?? $"offset {offset} should be in this segment and is not");
    }

    /// <summary>Measures how much of a buffer is whole batches below the end.</summary>
    /// <returns>The length; more than the buffer holds when not even the first batch fits.</returns>
    private int TakeWholeBatches(ReadOnlySpan<byte> buffer, int position, Offset offset, Offset end, out Offset next)
    {
        var length = 0;
        next = Offset.None;
        while (next < end && buffer.Length - length >= RecordBatchFormat.HeaderBytes)
        {
            var header = new RecordBatchHeader(buffer[length..]);
            var size = header.SizeInBytes;
            var isExpected = length == 0
                ? header.BaseOffset <= offset.Value && header.LastOffset >= offset.Value
                : header.BaseOffset == next.Value;
            if (header.Magic != RecordBatchFormat.Magic || size < RecordBatchFormat.HeaderBytes || !isExpected
                || size > segment.SizeInBytes - (long)position - length)
            {
                throw segment.Corrupt(position + length, $"no batch with offset {(length == 0 ? offset : next)} begins here");
            }

            if (size > buffer.Length - length)
            {
                if (length == 0)
                {
                    next = new Offset(header.LastOffset + 1);
                    return (int)size;
                }

                break;
            }

            next = new Offset(header.LastOffset + 1);
            length += (int)size;
        }

        return length > 0 ? length : throw segment.Corrupt(position, $"the file ends before offset {offset}");
    }

    private TimestampedOffset? FindRecord(BatchScanner scanner, long timestampMs, Offset start)
    {
        var rented = ArrayPool<byte>.Shared.Rent(scanner.SizeInBytes);
        try
        {
            var batch = rented.AsMemory(0, scanner.SizeInBytes);
            if (file.ReadFully(batch.Span, scanner.Position) < batch.Length)
            {
                throw segment.Corrupt(scanner.Position, "the file ends within the batch");
            }

            return BatchSearch.FindRecord(batch, timestampMs, start);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>The size of the batch at a position, without its records; 0 when there is no telling, which reading it finds out.</summary>
    private long SizeAt(int position)
    {
        Span<byte> header = stackalloc byte[RecordBatchFormat.HeaderBytes];
        return file.ReadFully(header, position) < header.Length ? 0 : new RecordBatchHeader(header).SizeInBytes;
    }

    // The offset is taken from the batch itself. That it is the right one follows from the index's checksum.
    private Offset OffsetAt(int position)
    {
        Span<byte> header = stackalloc byte[RecordBatchFormat.HeaderBytes];
        return position == 0 || file.ReadFully(header, position) < header.Length
            ? segment.BaseOffset
            : new Offset(new RecordBatchHeader(header).BaseOffset);
    }
}
