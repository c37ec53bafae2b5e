using System.Buffers;
using System.Data;
using Npgsql;
using OrleansStream.Records;
using OrleansStream.Storage.Partitions;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>
/// Reads the batches of one log from extents. Safe for concurrent use. An extent may hold several segments of a log, with a gap
/// between them, when the log went elsewhere and came back; so ends given here never lie beyond the segment's own.
/// </summary>
internal sealed class LogReader(NpgsqlDataSource database, PostgresLogStoreOptions options, PartitionId partition, long logId)
{
    /// <summary>More batches than one answer holds; bounds what a statement looks at when batches are tiny.</summary>
    private const int MaxBatchesPerRead = 1024;

    /// <summary>Reads whole batches of one segment, the first of which contains <paramref name="offset"/>.</summary>
    /// <param name="segment">The segment that holds the offset.</param>
    /// <param name="offset">Where to begin.</param>
    /// <param name="end">Batches from here on are not returned.</param>
    /// <param name="maxBytes">The most bytes.</param>
    /// <param name="firstWhole">Returns the first batch even if it is larger; otherwise nothing is returned then.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<RecordBytes> ReadAsync(
        StoredSegment segment, Offset offset, Offset end, int maxBytes, bool firstWhole, CancellationToken cancellationToken)
    {
        // Sizes are known without touching the bytes, so the server decides which batches fit before it fetches any of them.
        await using var command = Command(
            $"""
            SELECT size, sum(size) OVER (), bytes
            FROM (
                SELECT last_offset, octet_length(bytes) AS size, sum(octet_length(bytes)) OVER (ORDER BY last_offset) AS total, bytes
                FROM (
                    SELECT last_offset, bytes FROM {PostgresNames.Extent(segment.Extent)}
                    WHERE log_id = $1 AND last_offset >= $2 AND last_offset < $3
                    ORDER BY last_offset LIMIT {MaxBatchesPerRead}
                ) AS next
            ) AS batches
            WHERE total <= $4{(firstWhole ? " OR total = size" : "")}
            ORDER BY last_offset
            """);
        Bind(command, logId, offset.Value, end.Value, Math.Max(0, maxBytes));
        byte[]? rented = null;
        try
        {
            var at = 0;
            await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                var size = reader.GetInt32(0);
                var total = checked((int)reader.GetInt64(1));
                rented ??= ArrayPool<byte>.Shared.Rent(total);
                var bytes = await reader.GetStreamAsync(2, cancellationToken).ConfigureAwait(false);
                await using (bytes.ConfigureAwait(false))
                {
                    await bytes.ReadExactlyAsync(rented.AsMemory(at, size), cancellationToken).ConfigureAwait(false);
                }

                at += size;
            }

            if (rented is null)
            {
                // A batch that is missing rather than too large shows when it is the first of an answer.
                return firstWhole ? throw Missing(offset) : RecordBytes.Empty;
            }

            Check(rented.AsSpan(0, at), offset);
            return RecordBytes.FromRented(rented, at);
        }
        catch
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }

            throw;
        }
    }

    /// <summary>Finds the first record of a segment that is not older than a time, between two offsets.</summary>
    public async Task<TimestampedOffset?> FindOffsetAsync(
        StoredSegment segment, long timestampMs, Offset start, Offset end, CancellationToken cancellationToken)
    {
        // A batch that spans the start may hold no young record behind it, so there may be a second one to look at.
        while (true)
        {
            await using var command = Command(
                $"""
                SELECT last_offset, bytes FROM {PostgresNames.Extent(segment.Extent)}
                WHERE log_id = $1 AND last_offset >= $2 AND last_offset < $3 AND max_timestamp >= $4
                ORDER BY last_offset LIMIT 1
                """);
            Bind(command, logId, start.Value, end.Value, timestampMs);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return null;
            }

            var last = new Offset(reader.GetInt64(0));
            if (BatchSearch.FindRecord(reader.GetFieldValue<byte[]>(1), timestampMs, start) is { } found)
            {
                return found;
            }

            start = last + 1;
        }
    }

    /// <summary>Reads the headers of a segment's batches, in order, from the one that contains <paramref name="start"/> up to an end.</summary>
    public async IAsyncEnumerable<byte[]> ReadHeadersAsync(
        StoredSegment segment, Offset start, Offset end, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = Command(
            $"""
            SELECT substring(bytes FROM 1 FOR {RecordBatchFormat.HeaderBytes}) FROM {PostgresNames.Extent(segment.Extent)}
            WHERE log_id = $1 AND last_offset >= $2 AND last_offset < $3 ORDER BY last_offset
            """);
        Bind(command, logId, start.Value, end.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return reader.GetFieldValue<byte[]>(0);
        }
    }

    private NpgsqlCommand Command(string sql)
    {
        var command = database.CreateCommand(sql);
        command.CommandTimeout = StatementLimit.None;
        return command;
    }

    private static void Bind(NpgsqlCommand command, params ReadOnlySpan<long> values)
    {
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = value });
        }
    }

    /// <summary>Whoever reads relies on getting the offset asked for and everything behind it.</summary>
    private void Check(ReadOnlySpan<byte> batches, Offset offset)
    {
        var next = Offset.None;
        while (!batches.IsEmpty)
        {
            var header = batches.Length < RecordBatchFormat.HeaderBytes ? default : new RecordBatchHeader(batches);
            var isExpected = batches.Length >= RecordBatchFormat.HeaderBytes && header.Magic == RecordBatchFormat.Magic
                && header.SizeInBytes >= RecordBatchFormat.HeaderBytes && header.SizeInBytes <= batches.Length
                && (next.HasValue ? header.BaseOffset == next.Value : header.BaseOffset <= offset.Value && header.LastOffset >= offset.Value);
            if (!isExpected)
            {
                throw Missing(next.HasValue ? next : offset);
            }

            next = new Offset(header.LastOffset + 1);
            batches = batches[(int)header.SizeInBytes..];
        }
    }

    private OrleansStreamException Missing(Offset offset) => new(
        ErrorCode.CorruptLog,
        $"In the database of store '{options.Name}' the batch with offset {offset} of {partition} (log {logId}) is missing or damaged. Restore it from a backup, or delete the partition's records up to there.");
}
