using OrleansStream.Records;

namespace OrleansStream.Storage.Contract;

/// <summary>Reads logs for assertions.</summary>
public static class LogReading
{
    /// <summary>Every batch from an offset up to the high watermark, as stored.</summary>
    public static async Task<List<byte[]>> ReadBatchesAsync(this IPartitionLog log, Offset from, int maxBytes = 1024 * 1024)
    {
        var result = new List<byte[]>();
        while (from < log.Offsets.HighWatermark)
        {
            using var bytes = await log.ReadAsync(from, maxBytes, firstWhole: true, CancellationToken.None);
            Assert.NotEqual(0, bytes.Length);
            var batches = Split(bytes.Memory);
            result.AddRange(batches);
            from = new Offset(new RecordBatchHeader(batches[^1]).LastOffset + 1);
        }

        return result;
    }

    /// <summary>Cuts bytes into batches.</summary>
    public static List<byte[]> Split(ReadOnlyMemory<byte> bytes)
    {
        var result = new List<byte[]>();
        while (RecordBatchReader.TryReadBatch(bytes, out var batch))
        {
            result.Add(batch.ToArray());
            bytes = bytes[batch.Length..];
        }

        Assert.Equal(0, bytes.Length);
        return result;
    }

    /// <summary>The offsets that batches span, as <c>first-last</c>.</summary>
    public static IEnumerable<string> Spans(this IEnumerable<byte[]> batches) => batches.Select(batch =>
        $"{new RecordBatchHeader(batch).BaseOffset}-{new RecordBatchHeader(batch).LastOffset}");

    /// <summary>Appends and expects success.</summary>
    public static async Task<Offset> AppendedAsync(this IPartitionLog log, byte[] batch)
    {
        var result = await log.AppendAsync(batch, CancellationToken.None);
        Assert.True(result.Error == ErrorCode.None, $"{result.Error}: {result.Message}");
        return result.BaseOffset;
    }
}
