using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using OrleansStream.Records.Codecs;
using static OrleansStream.Records.RecordBatchFormat;

namespace OrleansStream.Records;

/// <summary>
/// Gathers records into one batch: append, build, reset, and again. Not thread-safe. Its memory is rented; disposing the
/// builder gives back what it holds, built batches belong to whoever asked for them.
/// </summary>
public sealed class RecordBatchBuilder : IDisposable
{
    private const int MinCapacityBytes = 1024;

    private readonly RecordCodec? _codec;
    private readonly int _maxBytes;
    private byte[] _buffer = [];
    private int _capacityHint = MinCapacityBytes;
    private int _position = HeaderBytes;
    private long _baseTimestamp;
    private long _maxTimestamp;
    private bool _isBuilt;

    /// <summary>Creates an empty builder; memory is rented with the first record.</summary>
    /// <param name="compression">How to compress. A batch that compression would not make smaller is left uncompressed.</param>
    /// <param name="maxBytes">The size, header included and before compression, that a batch of several records never exceeds.</param>
    public RecordBatchBuilder(CompressionType compression, int maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, HeaderBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxBytes, ProtocolLimits.MaxRecordBytes);
        _codec = RecordCodec.For(compression);
        _maxBytes = maxBytes;
    }

    /// <summary>The records appended since the last <see cref="Reset"/>.</summary>
    public int RecordCount { get; private set; }

    /// <summary>The batch's size so far, header included, before compression.</summary>
    public int SizeInBytes => _position;

    /// <summary>The most bytes that a record takes in a batch, which itself adds <see cref="HeaderBytes"/> once.</summary>
    public static int SizeOf(in RecordFields fields)
    {
        const int FixedBytes = sizeof(byte) + Varint.MaxBytes64 + (5 * Varint.MaxBytes32);
        var size = (long)FixedBytes + fields.Key.Length + fields.Value.Length;
        foreach (ref readonly var header in fields.Headers)
        {
            size += (2 * Varint.MaxBytes32) + Encoding.UTF8.GetByteCount(header.Key) + (header.Value?.Length ?? 0);
        }

        return (int)Math.Min(size, int.MaxValue);
    }

    /// <summary>Copies a record into the batch.</summary>
    /// <returns>
    /// False when the batch is full: the record would bring it over the maximum. The first record is taken whatever its size;
    /// use <see cref="SizeOf"/> to refuse one that no batch may hold.
    /// </returns>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.MessageTooLarge"/> beyond <see cref="ProtocolLimits.MaxRecordBytes"/>.</exception>
    public bool TryAppend(in RecordFields fields)
    {
        ThrowIfBuilt();
        var timestampDelta = RecordCount == 0 ? 0 : unchecked(fields.TimestampMs - _baseTimestamp);
        var bodyBytes = BodyBytes(fields, timestampDelta, RecordCount);
        var end = _position + bodyBytes + Varint.SizeOf(bodyBytes);
        if (end > _maxBytes && RecordCount > 0)
        {
            return false;
        }

        if (end > _buffer.Length)
        {
            Grow(end);
        }

        Write(fields, timestampDelta, (int)bodyBytes);
        if (RecordCount++ == 0)
        {
            _baseTimestamp = _maxTimestamp = fields.TimestampMs;
        }
        else if (fields.TimestampMs > _maxTimestamp)
        {
            _maxTimestamp = fields.TimestampMs;
        }

        return true;
    }

    /// <summary>Finishes the batch: compresses, writes the header, computes the checksum. Then <see cref="Reset"/> before appending again.</summary>
    /// <param name="producerId">The idempotent producer, or -1.</param>
    /// <param name="producerEpoch">Its epoch, or -1.</param>
    /// <param name="baseSequence">The sequence number of the first record, or -1.</param>
    /// <returns>The batch in rented memory, with base offset 0 and leader epoch -1; the caller disposes it.</returns>
    /// <exception cref="InvalidOperationException">There are no records, or the batch was built before.</exception>
    public RecordBytes Build(long producerId, short producerEpoch, int baseSequence)
    {
        ThrowIfBuilt();
        if (RecordCount == 0)
        {
            throw new InvalidOperationException("A record batch needs at least one record. Append before building.");
        }

        var (batch, length, attributes) = Finish();
        _isBuilt = true;
        _capacityHint = Math.Max(MinCapacityBytes, _position);
        WriteHeader(batch.AsSpan(0, length), attributes, producerId, producerEpoch, baseSequence);
        return RecordBytes.FromRented(batch, length);
    }

    /// <summary>Empties the builder for the next batch.</summary>
    public void Reset()
    {
        _isBuilt = false;
        _position = HeaderBytes;
        RecordCount = 0;
    }

    /// <summary>Gives the memory back to the pool. The builder may be used again after a <see cref="Reset"/>.</summary>
    public void Dispose()
    {
        Return(_buffer);
        _buffer = [];
        _isBuilt = true;
    }

    private void ThrowIfBuilt()
    {
        if (_isBuilt)
        {
            throw new InvalidOperationException("The batch was built already. Reset the builder before using it again.");
        }
    }

    private static long BodyBytes(in RecordFields fields, long timestampDelta, int offsetDelta)
    {
        var headers = fields.Headers;
        var size = sizeof(byte) + Varint.SizeOf(timestampDelta) + Varint.SizeOf(offsetDelta) + Varint.SizeOf(headers.Length)
            + BytesOf(fields.IsKeyNull, fields.Key.Length) + BytesOf(fields.IsValueNull, fields.Value.Length);
        foreach (ref readonly var header in headers)
        {
            if (header.Key is null)
            {
                throw new ArgumentException("A record header needs a key, which may be empty but not null.", nameof(fields));
            }

            size += BytesOf(false, Encoding.UTF8.GetByteCount(header.Key)) + BytesOf(header.Value is null, header.Value?.Length ?? 0);
        }

        return size;
    }

    private static long BytesOf(bool isNull, int length) => isNull ? 1 : Varint.SizeOf(length) + (long)length;

    private void Write(in RecordFields fields, long timestampDelta, int bodyBytes)
    {
        var buffer = _buffer.AsSpan();
        var at = _position;
        Varint.Write(buffer, ref at, bodyBytes);
        buffer[at++] = 0; // Attributes of a record, none of which is in use.
        Varint.Write(buffer, ref at, timestampDelta);
        Varint.Write(buffer, ref at, RecordCount);
        WriteBytes(buffer, ref at, fields.IsKeyNull, fields.Key);
        WriteBytes(buffer, ref at, fields.IsValueNull, fields.Value);
        Varint.Write(buffer, ref at, fields.Headers.Length);
        foreach (ref readonly var header in fields.Headers)
        {
            Varint.Write(buffer, ref at, Encoding.UTF8.GetByteCount(header.Key));
            at += Encoding.UTF8.GetBytes(header.Key, buffer[at..]);
            WriteBytes(buffer, ref at, header.Value is null, header.Value.GetValueOrDefault().Span);
        }

        _position = at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteBytes(Span<byte> buffer, ref int at, bool isNull, ReadOnlySpan<byte> bytes)
    {
        Varint.Write(buffer, ref at, isNull ? -1 : bytes.Length);
        bytes.CopyTo(buffer[at..]);
        at += bytes.Length;
    }

    private void Grow(long needed)
    {
        if (needed > ProtocolLimits.MaxRecordBytes)
        {
            throw new OrleansStreamException(
                ErrorCode.MessageTooLarge,
                $"The record makes a batch of {needed} bytes; {ProtocolLimits.MaxRecordBytes} is the most that a batch may have.");
        }

        // The last batch's size is the best guess for this one's: a steady producer rents once per batch and never copies.
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max((int)needed, Math.Max(_capacityHint, 2 * _buffer.Length)));
        _buffer.AsSpan(0, _buffer.Length == 0 ? 0 : _position).CopyTo(larger);
        Return(_buffer);
        _buffer = larger;
    }

    /// <summary>Hands over the buffer itself when it stays uncompressed; otherwise keeps it for the next batch.</summary>
    private (byte[] Batch, int Length, CompressionType Attributes) Finish()
    {
        if (_codec is not null)
        {
            // Room for less than the uncompressed records: what does not fit is not worth compressing.
            var target = ArrayPool<byte>.Shared.Rent(_position);
            var room = new ArraySegment<byte>(target, HeaderBytes, _position - HeaderBytes - 1);
            if (_codec.TryCompress(_buffer.AsSpan(HeaderBytes, _position - HeaderBytes), room, out var written))
            {
                return (target, HeaderBytes + written, _codec.Type);
            }

            Return(target);
        }

        var batch = _buffer;
        _buffer = [];
        return (batch, _position, CompressionType.None);
    }

    private void WriteHeader(Span<byte> batch, CompressionType compression, long producerId, short producerEpoch, int baseSequence)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch[BaseOffsetAt..], 0);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchLengthAt..], batch.Length - LengthOverheadBytes);
        BinaryPrimitives.WriteInt32BigEndian(batch[LeaderEpochAt..], LeaderEpoch.None.Value);
        batch[MagicAt] = Magic;
        BinaryPrimitives.WriteInt16BigEndian(batch[AttributesAt..], (short)compression);
        BinaryPrimitives.WriteInt32BigEndian(batch[LastOffsetDeltaAt..], RecordCount - 1);
        BinaryPrimitives.WriteInt64BigEndian(batch[BaseTimestampAt..], _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[MaxTimestampAt..], _maxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[ProducerIdAt..], producerId);
        BinaryPrimitives.WriteInt16BigEndian(batch[ProducerEpochAt..], producerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[BaseSequenceAt..], baseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordCountAt..], RecordCount);
        BinaryPrimitives.WriteUInt32BigEndian(batch[CrcAt..], Crc32C.Compute(batch[AttributesAt..]));
    }

    private static void Return(byte[] buffer)
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
