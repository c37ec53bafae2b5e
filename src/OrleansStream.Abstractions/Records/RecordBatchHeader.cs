using System.Buffers.Binary;
using static OrleansStream.Records.RecordBatchFormat;

namespace OrleansStream.Records;

/// <summary>A view of a batch's header over the bytes themselves; it owns nothing and is valid as long as they are.</summary>
public readonly ref struct RecordBatchHeader
{
    private readonly ReadOnlySpan<byte> _bytes;

    /// <summary>Looks at a batch's bytes.</summary>
    /// <param name="bytes">At least <see cref="HeaderBytes"/> bytes that begin with a batch.</param>
    /// <exception cref="ArgumentException">Fewer bytes than a header has.</exception>
    public RecordBatchHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes)
        {
            throw new ArgumentException($"A record batch has a header of {HeaderBytes} bytes, but only {bytes.Length} were given.", nameof(bytes));
        }

        _bytes = bytes;
    }

    /// <summary>The offset of the batch's first record; a producer sends 0 here.</summary>
    public long BaseOffset => BinaryPrimitives.ReadInt64BigEndian(_bytes[BaseOffsetAt..]);

    /// <summary>The size of the whole batch, header included. Not to be trusted before it was compared with the bytes at hand.</summary>
    public long SizeInBytes => LengthOverheadBytes + (long)BinaryPrimitives.ReadInt32BigEndian(_bytes[BatchLengthAt..]);

    /// <summary>The epoch of the owner that stored the batch.</summary>
    public int LeaderEpoch => BinaryPrimitives.ReadInt32BigEndian(_bytes[LeaderEpochAt..]);

    /// <summary>The format's version; anything but <see cref="RecordBatchFormat.Magic"/> is refused.</summary>
    public byte Magic => _bytes[MagicAt];

    /// <summary>The checksum the producer computed.</summary>
    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(_bytes[CrcAt..]);

    /// <summary>Codec and flags.</summary>
    public short Attributes => BinaryPrimitives.ReadInt16BigEndian(_bytes[AttributesAt..]);

    /// <summary>How the records are compressed; values above <see cref="CompressionType.Zstd"/> are possible in damaged batches.</summary>
    public CompressionType Compression => (CompressionType)(Attributes & CompressionMask);

    /// <summary>True when the server stamped the records at arrival.</summary>
    public bool IsLogAppendTime => (Attributes & LogAppendTimeFlag) != 0;

    /// <summary>True when the batch belongs to a transaction.</summary>
    public bool IsTransactional => (Attributes & TransactionalFlag) != 0;

    /// <summary>True for the platform's own markers, which consumers do not see.</summary>
    public bool IsControl => (Attributes & ControlFlag) != 0;

    /// <summary>
    /// True when compaction stored the time from which tombstones may go in place of the base timestamp. Records hold their
    /// difference to it then, so reading them needs no special case.
    /// </summary>
    public bool HasDeleteHorizon => (Attributes & DeleteHorizonFlag) != 0;

    /// <summary>What to add to the base offset to get the last offset.</summary>
    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(_bytes[LastOffsetDeltaAt..]);

    /// <summary>The offset of the batch's last record.</summary>
    public long LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The timestamp that records hold their difference to; milliseconds since 1970 UTC.</summary>
    public long BaseTimestamp => BinaryPrimitives.ReadInt64BigEndian(_bytes[BaseTimestampAt..]);

    /// <summary>The largest timestamp in the batch; milliseconds since 1970 UTC.</summary>
    public long MaxTimestamp => BinaryPrimitives.ReadInt64BigEndian(_bytes[MaxTimestampAt..]);

    /// <summary>The idempotent producer, or -1.</summary>
    public long ProducerId => BinaryPrimitives.ReadInt64BigEndian(_bytes[ProducerIdAt..]);

    /// <summary>The producer's epoch, or -1.</summary>
    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_bytes[ProducerEpochAt..]);

    /// <summary>The sequence number of the first record, or -1.</summary>
    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(_bytes[BaseSequenceAt..]);

    /// <summary>The sequence number of the last record; it wraps from 2^31-1 to 0.</summary>
    public int LastSequence => (int)((BaseSequence + (long)LastOffsetDelta) & int.MaxValue);

    /// <summary>The number of records in the batch.</summary>
    public int RecordCount => BinaryPrimitives.ReadInt32BigEndian(_bytes[RecordCountAt..]);
}
