using System.Text;
using OrleansStream.Endpoint;
using OrleansStream.Grains;
using OrleansStream.Records;

namespace OrleansStream.Client.Tests;

/// <summary>Reads a partition without the consumer, through its grain.</summary>
internal static class RawLog
{
    public static async Task<List<RawRecord>> ReadAsync(IClusterClient client, PartitionId partition)
    {
        var grain = client.GetGrain<IPartitionGrain>(partition.ToString());
        var records = new List<RawRecord>();
        var next = Offset.Zero;
        while (true)
        {
            var fetched = await grain.FetchAsync(new FetchPartition(partition, next, 4 * 1024 * 1024));
            if (fetched.Error != ErrorCode.None)
            {
                throw new OrleansStreamException(fetched.Error, fetched.Message ?? fetched.Error.ToString());
            }

            using var batches = fetched.Batches;
            if (next.Value >= fetched.HighWatermark.Value)
            {
                return records;
            }

            records.AddRange(Decode(batches.Memory));
            next = records[^1].Offset + 1;
        }
    }

    public static List<RawRecord> Decode(ReadOnlyMemory<byte> batches)
    {
        var records = new List<RawRecord>();
        while (RecordBatchReader.TryReadBatch(batches, out var batch))
        {
            batches = batches[batch.Length..];
            using var cursor = RecordCursor.Open(batch, ProtocolLimits.MaxRecordBytes);
            while (cursor.MoveNext())
            {
                records.Add(new RawRecord(
                    cursor.Offset,
                    cursor.IsKeyNull ? null : Encoding.UTF8.GetString(cursor.Key),
                    cursor.IsValueNull ? null : Encoding.UTF8.GetString(cursor.Value),
                    cursor.TimestampMs,
                    [.. cursor.ReadHeaders().Select(h => $"{h.Key}={(h.Value is { } v ? Encoding.UTF8.GetString(v.Span) : "null")}")]));
            }
        }

        return records;
    }
}

internal sealed record RawRecord(Offset Offset, string? Key, string? Value, long TimestampMs, string[] Headers);
