using static OrleansStream.Records.RecordBatchFormat;

namespace OrleansStream.Records;

/// <summary>What can be checked on a batch without decoding its records. Costs one checksum over the bytes and allocates only for a problem.</summary>
public static class RecordBatchValidation
{
    // Length, attributes, timestamp, offset, key length, value length, header count: a byte each.
    internal const int MinRecordBytes = 7;

    /// <summary>Checks that the bytes are exactly one undamaged batch: length, magic and checksum.</summary>
    /// <param name="batch">The bytes.</param>
    /// <param name="problem">What is wrong, in a sentence for people; null when nothing is.</param>
    /// <returns>
    /// <see cref="ErrorCode.None"/>, <see cref="ErrorCode.CorruptMessage"/>, or <see cref="ErrorCode.InvalidRecord"/> for older
    /// formats and for more than one batch.
    /// </returns>
    public static ErrorCode CheckIntegrity(ReadOnlySpan<byte> batch, out string? problem)
    {
        problem = null;
        if (batch.Length > MagicAt && batch[MagicAt] is 0 or 1)
        {
            problem = $"The batch has format {batch[MagicAt]}; only record batches of format {RecordBatchFormat.Magic} are accepted. Use a newer client.";
            return ErrorCode.InvalidRecord;
        }

        if (batch.Length < HeaderBytes)
        {
            problem = $"A record batch has at least {HeaderBytes} bytes; these are {batch.Length}.";
            return ErrorCode.CorruptMessage;
        }

        var header = new RecordBatchHeader(batch);
        if (header.Magic != RecordBatchFormat.Magic)
        {
            problem = $"The batch has format {header.Magic}; only record batches of format {RecordBatchFormat.Magic} are known.";
            return ErrorCode.CorruptMessage;
        }

        if (header.SizeInBytes < HeaderBytes || header.SizeInBytes > batch.Length)
        {
            problem = $"The batch claims {header.SizeInBytes} bytes, but {batch.Length} are there: it is damaged or cut off.";
            return ErrorCode.CorruptMessage;
        }

        if (header.SizeInBytes < batch.Length)
        {
            problem = $"The batch ends after {header.SizeInBytes} of {batch.Length} bytes. Send exactly one batch per partition.";
            return ErrorCode.InvalidRecord;
        }

        var crc = Crc32C.Compute(batch[AttributesAt..]);
        if (crc != header.Crc)
        {
            problem = $"The batch's checksum is {header.Crc:x8}, but its bytes give {crc:x8}: it was damaged on the way. Send it again.";
            return ErrorCode.CorruptMessage;
        }

        return ErrorCode.None;
    }

    /// <summary>Checks a batch that a producer sent, before it is appended.</summary>
    /// <param name="batch">The bytes, which should be exactly one batch.</param>
    /// <param name="maxBatchBytes">The topic's largest batch.</param>
    /// <param name="problem">What is wrong, in a sentence for people; null when nothing is.</param>
    /// <returns>
    /// <see cref="ErrorCode.None"/>, <see cref="ErrorCode.CorruptMessage"/>, <see cref="ErrorCode.MessageTooLarge"/>,
    /// <see cref="ErrorCode.UnsupportedCompressionType"/>, <see cref="ErrorCode.InvalidTimestamp"/> or
    /// <see cref="ErrorCode.InvalidRecord"/>.
    /// </returns>
    public static ErrorCode Check(ReadOnlySpan<byte> batch, int maxBatchBytes, out string? problem)
    {
        if (batch.IsEmpty)
        {
            problem = "The request holds no records. Send one batch per partition.";
            return ErrorCode.InvalidRecord;
        }

        // Before the checksum, so that an oversized batch costs nothing to refuse.
        if (batch.Length > maxBatchBytes)
        {
            problem = $"The batch has {batch.Length} bytes; the topic accepts {maxBatchBytes}. Send smaller batches or raise max.message.bytes.";
            return ErrorCode.MessageTooLarge;
        }

        var error = CheckIntegrity(batch, out problem);
        return error == ErrorCode.None ? CheckHeader(new RecordBatchHeader(batch), batch.Length - HeaderBytes, out problem) : error;
    }

    private static ErrorCode CheckHeader(RecordBatchHeader header, int recordBytes, out string? problem)
    {
        if (header.Compression > CompressionType.Zstd)
        {
            problem = $"Compression {(int)header.Compression} is not known; use gzip (1), snappy (2), lz4 (3), zstd (4) or none (0).";
            return ErrorCode.UnsupportedCompressionType;
        }

        if (header.IsLogAppendTime)
        {
            problem = "The batch claims timestamps of the server, which only the server sets.";
            return ErrorCode.InvalidTimestamp;
        }

        problem = (header.BaseOffset, header.RecordCount) switch
        {
            (not 0, _) => $"The batch has base offset {header.BaseOffset}; a producer sends 0.",
            (_, <= 0) => $"The batch claims {header.RecordCount} records; send at least one.",
            (_, var count) when header.LastOffsetDelta != count - 1 =>
                $"The batch claims {count} records, but its last offset delta is {header.LastOffsetDelta} instead of {count - 1}.",
            (_, var count) when header.Compression == CompressionType.None && (long)count * MinRecordBytes > recordBytes =>
                $"The batch claims {count} records, which do not fit into {recordBytes} bytes.",
            _ when recordBytes == 0 => "The batch claims records but holds no bytes of them.",
            _ when header.IsControl => "The batch is marked as a control batch, which only the server writes.",
            _ when header.IsTransactional => "The batch belongs to a transaction; transactions are not supported. Produce without a transactional id.",
            _ when header.HasDeleteHorizon => "The batch carries a delete horizon, which only compaction writes.",
            _ when header.ProducerId >= 0 && header.BaseSequence < 0 =>
                $"The batch of producer {header.ProducerId} has no sequence number ({header.BaseSequence}).",
            _ when header.ProducerId >= 0 && header.ProducerEpoch < 0 =>
                $"The batch of producer {header.ProducerId} has no producer epoch ({header.ProducerEpoch}).",
            _ => null,
        };
        return problem is null ? ErrorCode.None : ErrorCode.InvalidRecord;
    }
}
