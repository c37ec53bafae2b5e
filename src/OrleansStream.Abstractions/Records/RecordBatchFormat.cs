namespace OrleansStream.Records;

/// <summary>
/// The byte layout of a record batch: Kafka's RecordBatch v2 (magic 2), big-endian, on disk, in SQL and on the wire.
/// </summary>
/// <remarks>
/// <code>
/// offset size field                why
///  0     8    base offset          assigned by the log; outside the checksum so that it can be patched
///  8     4    batch length         bytes after this field; whole size = 12 + length
/// 12     4    leader epoch         assigned by the log; outside the checksum
/// 16     1    magic                2; at the same byte in every version of the format
/// 17     4    crc                  CRC-32C of byte 21 to the end, over the bytes as stored (compressed)
/// 21     2    attributes           bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon
/// 23     4    last offset delta    last offset = base offset + delta, also after compaction removed the last record
/// 27     8    base timestamp       milliseconds since 1970 UTC; records hold differences to it
/// 35     8    max timestamp        the largest record timestamp
/// 43     8    producer id          -1 when the producer is not idempotent
/// 51     2    producer epoch       -1 likewise
/// 53     4    base sequence        -1 likewise; the last sequence wraps from 2^31-1 to 0
/// 57     4    record count
/// 61     n    records              one after the other, or one compressed blob
/// </code>
/// </remarks>
public static class RecordBatchFormat
{
    internal const int BaseOffsetAt = 0;
    internal const int BatchLengthAt = BaseOffsetAt + sizeof(long);
    internal const int LeaderEpochAt = BatchLengthAt + sizeof(int);
    internal const int MagicAt = LeaderEpochAt + sizeof(int);
    internal const int CrcAt = MagicAt + sizeof(byte);
    internal const int AttributesAt = CrcAt + sizeof(uint);
    internal const int LastOffsetDeltaAt = AttributesAt + sizeof(short);
    internal const int BaseTimestampAt = LastOffsetDeltaAt + sizeof(int);
    internal const int MaxTimestampAt = BaseTimestampAt + sizeof(long);
    internal const int ProducerIdAt = MaxTimestampAt + sizeof(long);
    internal const int ProducerEpochAt = ProducerIdAt + sizeof(long);
    internal const int BaseSequenceAt = ProducerEpochAt + sizeof(short);
    internal const int RecordCountAt = BaseSequenceAt + sizeof(int);

    /// <summary>Bytes of the header, before the first record.</summary>
    public const int HeaderBytes = RecordCountAt + sizeof(int);

    /// <summary>
    /// Bytes at the start of a batch that lie outside the checksum: base offset, length, leader epoch. The log writes its own
    /// prefix of this size in front of the producer's untouched remainder.
    /// </summary>
    public const int PrefixBytes = MagicAt;

    /// <summary>Bytes before the part that <c>batch length</c> counts.</summary>
    public const int LengthOverheadBytes = LeaderEpochAt;

    /// <summary>The format's version, and the only one that is accepted.</summary>
    public const byte Magic = 2;

    internal const short CompressionMask = 0x07;
    internal const short LogAppendTimeFlag = 0x08;
    internal const short TransactionalFlag = 0x10;
    internal const short ControlFlag = 0x20;
    internal const short DeleteHorizonFlag = 0x40;
}
