using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using OrleansStream.Records.Codecs;
using static OrleansStream.Records.RecordBatchFormat;

namespace OrleansStream.Records;

/// <summary>
/// Walks over the records of one batch. What it returns as a span is valid until the cursor is disposed and as long as the
/// batch's own memory is. Not thread-safe; may be kept across awaits. Damaged bytes give an <see cref="OrleansStreamException"/>
/// with <see cref="ErrorCode.CorruptMessage"/> and nothing else, whatever the damage.
/// </summary>
public sealed class RecordCursor : IDisposable
{
    private readonly long _baseOffset;
    private readonly long _baseTimestamp;
    private readonly long? _logAppendTime;
    private readonly int _lastOffsetDelta;
    private readonly int _end;
    private byte[]? _bytes;
    private byte[]? _rented;

    private int _position;
    private int _read;
    private int _offsetDelta = -1;
    private int _keyAt;
    private int _keyLength = -1;
    private int _valueAt;
    private int _valueLength = -1;
    private int _headersAt;

    private RecordCursor(RecordBatchHeader header, ArraySegment<byte> records, byte[]? rented)
    {
        _baseOffset = header.BaseOffset;
        _baseTimestamp = header.BaseTimestamp;
        _logAppendTime = header.IsLogAppendTime ? header.MaxTimestamp : null;
        _lastOffsetDelta = header.LastOffsetDelta;
        _bytes = records.Array;
        _position = records.Offset;
        _end = records.Offset + records.Count;
        _rented = rented;
        RecordCount = header.RecordCount;
    }

    /// <summary>The number of records in the batch; no more than its decompressed bytes can hold.</summary>
    public int RecordCount { get; }

    /// <summary>The offset of the current record.</summary>
    public Offset Offset => new(_baseOffset + _offsetDelta);

    /// <summary>The current record's timestamp: the producer's, or the batch's one time of arrival where the server stamped it.</summary>
    public long TimestampMs { get; private set; }

    /// <summary>True when the current record has no key.</summary>
    public bool IsKeyNull => _keyLength < 0;

    /// <summary>The current record's key; empty when it is null.</summary>
    public ReadOnlySpan<byte> Key => Slice(_keyAt, _keyLength);

    /// <summary>True when the current record has no value.</summary>
    public bool IsValueNull => _valueLength < 0;

    /// <summary>The current record's value; empty when it is null.</summary>
    public ReadOnlySpan<byte> Value => Slice(_valueAt, _valueLength);

    /// <summary>The number of headers of the current record.</summary>
    public int HeaderCount { get; private set; }

    /// <summary>Checks a batch's length, magic and checksum, and decompresses its records into rented memory if need be.</summary>
    /// <param name="batch">Exactly one batch, unchanged as long as the cursor is in use.</param>
    /// <param name="maxDecompressedBytes">The most bytes of records that are decompressed; more counts as damage.</param>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.CorruptMessage"/>.</exception>
    public static RecordCursor Open(ReadOnlyMemory<byte> batch, int maxDecompressedBytes)
    {
        if (RecordBatchValidation.CheckIntegrity(batch.Span, out var problem) != ErrorCode.None)
        {
            throw new OrleansStreamException(ErrorCode.CorruptMessage, problem!);
        }

        var header = new RecordBatchHeader(batch.Span);
        if (header.RecordCount < 0 || header.LastOffsetDelta < header.RecordCount - 1)
        {
            throw Damaged(
                header.BaseOffset,
                $"it claims {header.RecordCount} records, but its last offset delta is {header.LastOffsetDelta}");
        }

        var (records, rented) = Expose(header, batch[HeaderBytes..], maxDecompressedBytes);
        if ((long)header.RecordCount * RecordBatchValidation.MinRecordBytes <= records.Count)
        {
            return new RecordCursor(header, records, rented);
        }

        Return(rented);
        throw Damaged(header.BaseOffset, $"it claims {header.RecordCount} records, which do not fit into {records.Count} bytes");
    }

    /// <summary>Goes on to the next record.</summary>
    /// <returns>False after the last one.</returns>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.CorruptMessage"/>: the record breaks the format.</exception>
    public bool MoveNext()
    {
        ObjectDisposedException.ThrowIf(_bytes is null, this);
        var records = new ReadOnlySpan<byte>(_bytes, 0, _end);
        if (_read == RecordCount)
        {
            return _position == _end ? false : throw Damaged(_baseOffset, $"{_end - _position} bytes follow its last record");
        }

        var at = _position;
        if (!Varint.TryRead(records, ref at, out int length) || length < 0 || length > records.Length - at)
        {
            throw DamagedRecord("its length reaches beyond the batch");
        }

        var record = records[..(at + length)];
        at++; // The record's attributes, none of which is in use.
        if (!Varint.TryRead(record, ref at, out long timestampDelta) || !Varint.TryRead(record, ref at, out int offsetDelta))
        {
            throw DamagedRecord("it ends before its offset");
        }

        if (offsetDelta <= _offsetDelta || offsetDelta > _lastOffsetDelta)
        {
            throw DamagedRecord($"its offset delta {offsetDelta} is not between {_offsetDelta} and {_lastOffsetDelta + 1L}");
        }

        if (!TryReadBytes(record, ref at, out var keyAt, out var keyLength))
        {
            throw DamagedRecord("its key reaches beyond its end");
        }

        if (!TryReadBytes(record, ref at, out var valueAt, out var valueLength))
        {
            throw DamagedRecord("its value reaches beyond its end");
        }

        if (!Varint.TryRead(record, ref at, out int headerCount) || headerCount < 0)
        {
            throw DamagedRecord("its header count is missing or negative");
        }

        var headersAt = at;
        if (headerCount > 0)
        {
            SkipHeaders(record, ref at, headerCount);
        }

        if (at != record.Length)
        {
            throw DamagedRecord($"{record.Length - at} bytes follow its last field");
        }

        (_keyAt, _keyLength, _valueAt, _valueLength, _headersAt) = (keyAt, keyLength, valueAt, valueLength, headersAt);
        (_position, _offsetDelta, HeaderCount) = (at, offsetDelta, headerCount);
        TimestampMs = _logAppendTime ?? unchecked(_baseTimestamp + timestampDelta);
        _read++;
        return true;
    }

    /// <summary>Copies the current record's headers out of the batch. Bytes of a key that are no UTF-8 become U+FFFD.</summary>
    public RecordHeader[] ReadHeaders()
    {
        ObjectDisposedException.ThrowIf(_bytes is null, this);
        if (HeaderCount == 0)
        {
            return [];
        }

        var record = new ReadOnlySpan<byte>(_bytes, 0, _position);
        var at = _headersAt;
        var headers = new RecordHeader[HeaderCount];
        for (var i = 0; i < headers.Length; i++)
        {
            // MoveNext walked over them once, so nothing can fail here.
            TryReadBytes(record, ref at, out var keyAt, out var keyLength);
            TryReadBytes(record, ref at, out var valueAt, out var valueLength);
            var key = Encoding.UTF8.GetString(record.Slice(keyAt, keyLength));
            headers[i] = new RecordHeader(key, valueLength < 0 ? null : record.Slice(valueAt, valueLength).ToArray());
        }

        return headers;
    }

    /// <summary>Gives rented memory back to the pool; spans taken from the cursor are invalid from now on.</summary>
    public void Dispose()
    {
        _bytes = null;
        Return(Interlocked.Exchange(ref _rented, null));
    }

    /// <summary>The records as an array, the one form of memory that is cheap to look into from record to record.</summary>
    private static (ArraySegment<byte> Records, byte[]? Rented) Expose(RecordBatchHeader header, ReadOnlyMemory<byte> records, int maxBytes)
    {
        if (header.Compression == CompressionType.None || header.RecordCount == 0)
        {
            return (MemoryMarshal.TryGetArray(records, out var segment) ? segment : new ArraySegment<byte>(records.ToArray()), null);
        }

        if (header.Compression > CompressionType.Zstd)
        {
            throw Damaged(header.BaseOffset, $"its compression {(int)header.Compression} is not known");
        }

        var output = new DecompressionBuffer(maxBytes);
        try
        {
            RecordCodec.For(header.Compression)!.Decompress(records, ref output);
            var length = output.Length;
            var rented = output.Detach();
            return (new ArraySegment<byte>(rented, 0, length), rented);
        }
        catch (InvalidDataException e)
        {
            throw Damaged(header.BaseOffset, $"its {header.Compression} data cannot be decompressed: {e.Message}", e);
        }
        finally
        {
            output.Dispose();
        }
    }

    private ReadOnlySpan<byte> Slice(int at, int length)
    {
        ObjectDisposedException.ThrowIf(_bytes is null, this);
        return length <= 0 ? default : new ReadOnlySpan<byte>(_bytes, at, length);
    }

    private static bool TryReadBytes(ReadOnlySpan<byte> record, ref int at, out int start, out int length)
    {
        var read = Varint.TryRead(record, ref at, out length) && length >= -1 && length <= record.Length - at;
        start = at;
        at += Math.Max(length, 0);
        return read;
    }

    private void SkipHeaders(ReadOnlySpan<byte> record, ref int at, int count)
    {
        // A header has two bytes at least. This bounds the array that ReadHeaders allocates.
        if (count > (record.Length - at) / 2)
        {
            throw DamagedRecord($"it claims {count} headers in {record.Length - at} bytes");
        }

        for (var i = 0; i < count; i++)
        {
            if (!TryReadBytes(record, ref at, out _, out var keyLength) || keyLength < 0)
            {
                throw DamagedRecord($"the key of header {i} is null or reaches beyond its end");
            }

            if (!TryReadBytes(record, ref at, out _, out _))
            {
                throw DamagedRecord($"the value of header {i} reaches beyond its end");
            }
        }
    }

    private OrleansStreamException DamagedRecord(string what) => Damaged(_baseOffset, $"record {_read} of {RecordCount}: {what}");

    private static OrleansStreamException Damaged(long baseOffset, string what, Exception? inner = null) =>
        new(ErrorCode.CorruptMessage, $"The record batch at offset {baseOffset} is damaged: {what}.", inner);

    private static void Return(byte[]? rented)
    {
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
