using System.Buffers.Binary;
using OrleansStream.Records;
using OrleansStream.Storage.Files;
using OrleansStream.Storage.Partitions;

namespace OrleansStream.Storage.Segments;

/// <summary>
/// What lets an opening skip the records below the recovery point. It describes flushed data only, and the file is replaced as
/// a whole, so whichever version a crash leaves is true.
/// </summary>
/// <remarks>
/// The file <c>checkpoint</c>; big-endian:
/// <code>
/// size  field
///  4    magic "OSCP", version 1
///  4    crc              CRC-32C of everything behind it
///  8    log start
///  8    recovery point   the offset at the end of the last segment listed
///  4    segment count,   then per segment: base offset i64, size i32, max timestamp i64, first append i64;
///                        the last one was active, and its size is the recovery point's position
///  4    epoch count,     then per epoch: epoch i32, start offset i64
///  4    producer count,  then per producer: id i64, epoch i16, next sequence i32, last seen i64, batch count i8,
///                        then per batch: first sequence i32, last sequence i32, base offset i64
/// </code>
/// </remarks>
internal sealed record Checkpoint(
    Offset LogStart,
    Offset RecoveryPoint,
    IReadOnlyList<SegmentInfo> Segments,
    IReadOnlyList<EpochStart> Epochs,
    IReadOnlyDictionary<long, ProducerState> Producers)
{
    private const uint Magic = 0x4F534350;
    private const int PreambleBytes = sizeof(uint) + sizeof(uint);
    private const int SegmentBytes = sizeof(long) + sizeof(int) + sizeof(long) + sizeof(long);
    private const int EpochBytes = sizeof(int) + sizeof(long);
    private const int ProducerBytes = sizeof(long) + sizeof(short) + sizeof(int) + sizeof(long) + sizeof(byte);
    private const int BatchBytes = sizeof(int) + sizeof(int) + sizeof(long);

    /// <summary>
    /// Replaces the file. A crash leaves the old or the new one: the new content is durable before it gets the name, and the
    /// name before anybody relies on it.
    /// </summary>
    public void Write(IFileSystem files, LogFolder folder)
    {
        var temporary = folder.Checkpoint + LogFolder.TemporarySuffix;
        using (var file = files.OpenOrCreate(temporary))
        {
            file.SetLength(0);
            file.Write(ToBytes(), 0);
            file.Flush();
        }

        files.ReplaceFile(temporary, folder.Checkpoint);
        files.FlushDirectory(folder.Path);
    }

    /// <summary>Reads the file; null when it is missing or damaged.</summary>
    public static Checkpoint? TryRead(IFileSystem files, LogFolder folder) =>
        files.TryReadAll(folder.Checkpoint) is { } bytes ? TryParse(bytes) : null;

    internal byte[] ToBytes()
    {
        var size = PreambleBytes + (2 * sizeof(long)) + (3 * sizeof(int)) + (Segments.Count * SegmentBytes) + (Epochs.Count * EpochBytes)
            + Producers.Sum(producer => ProducerBytes + (producer.Value.Batches.Length * BatchBytes));
        var bytes = new byte[size];
        var writer = new Cursor(bytes, PreambleBytes);
        writer.WriteInt64(LogStart.Value);
        writer.WriteInt64(RecoveryPoint.Value);
        writer.WriteInt32(Segments.Count);
        foreach (var segment in Segments)
        {
            writer.WriteInt64(segment.BaseOffset.Value);
            writer.WriteInt32(segment.SizeInBytes);
            writer.WriteInt64(segment.MaxTimestampMs);
            writer.WriteInt64(segment.FirstAppendMs);
        }

        writer.WriteInt32(Epochs.Count);
        foreach (var epoch in Epochs)
        {
            writer.WriteInt32(epoch.Epoch.Value);
            writer.WriteInt64(epoch.Start.Value);
        }

        writer.WriteInt32(Producers.Count);
        foreach (var (producerId, producer) in Producers)
        {
            writer.WriteInt64(producerId);
            writer.WriteInt16(producer.ProducerEpoch);
            writer.WriteInt32(producer.NextSequence);
            writer.WriteInt64(producer.LastSeenMs);
            writer.WriteByte((byte)producer.Batches.Length);
            foreach (var batch in producer.Batches)
            {
                writer.WriteInt32(batch.FirstSequence);
                writer.WriteInt32(batch.LastSequence);
                writer.WriteInt64(batch.BaseOffset.Value);
            }
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(sizeof(uint)), Crc32C.Compute(bytes.AsSpan(PreambleBytes)));
        return bytes;
    }

    internal static Checkpoint? TryParse(byte[] bytes)
    {
        if (bytes.Length < PreambleBytes || BinaryPrimitives.ReadUInt32BigEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(sizeof(uint))) != Crc32C.Compute(bytes.AsSpan(PreambleBytes)))
        {
            return null;
        }

        // The checksum vouches for the counts and lengths from here on.
        var reader = new Cursor(bytes, PreambleBytes);
        var logStart = new Offset(reader.ReadInt64());
        var recoveryPoint = new Offset(reader.ReadInt64());
        var segments = new SegmentInfo[reader.ReadInt32()];
        for (var i = 0; i < segments.Length; i++)
        {
            segments[i] = new SegmentInfo(new Offset(reader.ReadInt64()), reader.ReadInt32(), reader.ReadInt64(), reader.ReadInt64());
        }

        var epochs = new EpochStart[reader.ReadInt32()];
        for (var i = 0; i < epochs.Length; i++)
        {
            epochs[i] = new EpochStart(new LeaderEpoch(reader.ReadInt32()), new Offset(reader.ReadInt64()));
        }

        var producerCount = reader.ReadInt32();
        var producers = new Dictionary<long, ProducerState>(producerCount);
        for (var i = 0; i < producerCount; i++)
        {
            var producerId = reader.ReadInt64();
            var epoch = reader.ReadInt16();
            var nextSequence = reader.ReadInt32();
            var lastSeenMs = reader.ReadInt64();
            var batches = new ProducedBatch[reader.ReadByte()];
            for (var j = 0; j < batches.Length; j++)
            {
                batches[j] = new ProducedBatch(reader.ReadInt32(), reader.ReadInt32(), new Offset(reader.ReadInt64()));
            }

            producers.Add(producerId, new ProducerState(epoch, nextSequence, lastSeenMs, [.. batches]));
        }

        return new Checkpoint(logStart, recoveryPoint, segments, epochs, producers);
    }

    private ref struct Cursor(Span<byte> bytes, int at)
    {
        private Span<byte> _rest = bytes[at..];

        public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Advance(sizeof(long)), value);

        public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Advance(sizeof(int)), value);

        public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Advance(sizeof(short)), value);

        public void WriteByte(byte value) => Advance(1)[0] = value;

        public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(Advance(sizeof(long)));

        public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Advance(sizeof(int)));

        public short ReadInt16() => BinaryPrimitives.ReadInt16BigEndian(Advance(sizeof(short)));

        public byte ReadByte() => Advance(1)[0];

        private Span<byte> Advance(int count)
        {
            var field = _rest[..count];
            _rest = _rest[count..];
            return field;
        }
    }
}
