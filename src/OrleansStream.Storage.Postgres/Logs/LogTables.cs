using Npgsql;
using OrleansStream.Storage.Partitions;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>What is done to logs that are not open here.</summary>
internal sealed class LogTables(NpgsqlDataSource database)
{
    private const int PageSize = 1000;

    /// <summary>Tells a log's extent; null when it was never opened.</summary>
    public async Task<LogDescription?> DescribeAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        await using var command = Command(
            $"""
            SELECT leader_epoch, log_start, log_end, size_bytes::bigint, segments
            FROM {PostgresNames.Schema}.partition_logs WHERE topic_id = $1 AND partition = $2
            """,
            partition);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        var (start, end) = (new Offset(reader.GetInt64(1)), new Offset(reader.GetInt64(2)));

        // A log has an active segment even when nothing is stored in it yet.
        var segments = Math.Max(1, checked((int)reader.GetInt64(4)));
        return new LogDescription(new LeaderEpoch(reader.GetInt32(0)), new LogOffsets(start, end, end, end), reader.GetInt64(3), segments);
    }

    /// <summary>
    /// Deletes the segments of a closed log that retention no longer covers. Unlike in an open log that may be the last one too,
    /// because nobody is about to append to it.
    /// </summary>
    /// <returns>The log start; null when there is no log.</returns>
    public async Task<Offset?> ApplyRetentionAsync(PartitionId partition, TopicConfiguration configuration, long nowMs, CancellationToken cancellationToken)
    {
        var found = await ReadClosedAsync(partition, cancellationToken).ConfigureAwait(false);
        if (found is not var (logId, epoch, logStart, logEnd, checkpointed, segments))
        {
            return null;
        }

        segments.Add(new SegmentInfo(logEnd, SizeInBytes: 0, MaxTimestampMs: -1, FirstAppendMs: -1));
        var start = SegmentPolicy.FindRetainedStart(segments, logStart, configuration, nowMs);

        // What the checkpoint does not know stays, because an opening learns about producers from it.
        start = start < checkpointed ? start : segments.LastOrDefault(segment => segment.BaseOffset <= checkpointed).BaseOffset;
        if (start <= logStart)
        {
            return logStart;
        }

        // An opening in between takes another epoch, and then this changes nothing.
        await using var command = database.CreateCommand(
            $"""
            WITH moved AS (
                UPDATE {PostgresNames.Schema}.logs SET log_start = $3 WHERE log_id = $1 AND leader_epoch = $2 AND log_start < $3 RETURNING log_id
            )
            DELETE FROM {PostgresNames.Schema}.segments s USING moved WHERE s.log_id = moved.log_id AND s.base_offset < $3
            """);
        command.CommandTimeout = StatementLimit.None;
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = logId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = epoch });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = start.Value });
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        return start;
    }

    /// <summary>Deletes a log: without its row no opening can append any more, and its batches go with their extents.</summary>
    public async Task<bool> DeleteAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        await using var command = Command(
            $"""
            WITH deleted AS (DELETE FROM {PostgresNames.Schema}.logs WHERE topic_id = $1 AND partition = $2 RETURNING log_id),
            s AS (DELETE FROM {PostgresNames.Schema}.segments USING deleted WHERE segments.log_id = deleted.log_id),
            c AS (DELETE FROM {PostgresNames.Schema}.checkpoints USING deleted WHERE checkpoints.log_id = deleted.log_id)
            SELECT count(*) FROM deleted
            """,
            partition);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is 1L;
    }

    /// <summary>A page of all logs, in the order of their ids.</summary>
    public async Task<List<(long LogId, PartitionId Partition)>> ListAsync(long after, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT log_id, topic_id, partition FROM {PostgresNames.Schema}.logs WHERE log_id > $1 ORDER BY log_id LIMIT {PageSize}");
        command.CommandTimeout = StatementLimit.None;
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        var page = new List<(long, PartitionId)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            page.Add((reader.GetInt64(0), new PartitionId(reader.GetGuid(1), reader.GetInt32(2))));
        }

        return page;
    }

    private async Task<(long LogId, int Epoch, Offset LogStart, Offset LogEnd, Offset Checkpointed, List<SegmentInfo> Segments)?> ReadClosedAsync(
        PartitionId partition, CancellationToken cancellationToken)
    {
        await using var command = Command(
            $"""
            SELECT l.log_id, l.leader_epoch, l.log_start, l.log_end, coalesce(c.recovery_point, 0), l.tail_bytes, l.tail_max_timestamp, l.tail_first_append,
                   s.base_offset, s.size_bytes, s.max_timestamp, s.first_append
            FROM {PostgresNames.Schema}.logs l
            LEFT JOIN {PostgresNames.Schema}.checkpoints c USING (log_id)
            JOIN {PostgresNames.Schema}.segments s USING (log_id)
            WHERE l.topic_id = $1 AND l.partition = $2 ORDER BY s.base_offset
            """,
            partition);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        (long, int, Offset, Offset, Offset, List<SegmentInfo>)? found = null;
        var segments = new List<SegmentInfo>();
        var tail = default(SegmentInfo);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            found ??= (reader.GetInt64(0), reader.GetInt32(1), new Offset(reader.GetInt64(2)), new Offset(reader.GetInt64(3)), new Offset(reader.GetInt64(4)), segments);
            tail = new SegmentInfo(new Offset(reader.GetInt64(8)), checked((int)reader.GetInt64(5)), reader.GetInt64(6), reader.GetInt64(7));
            segments.Add(new SegmentInfo(tail.BaseOffset, checked((int)reader.GetInt64(9)), reader.GetInt64(10), reader.GetInt64(11)));
        }

        if (segments.Count > 0)
        {
            segments[^1] = tail;
        }

        return found;
    }

    private NpgsqlCommand Command(string sql, PartitionId partition)
    {
        var command = database.CreateCommand(sql);
        command.CommandTimeout = StatementLimit.None;
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = partition.TopicId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition.Partition });
        return command;
    }
}
