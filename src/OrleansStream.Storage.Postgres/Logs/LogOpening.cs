using Npgsql;
using OrleansStream.Records;
using OrleansStream.Storage.Partitions;
using OrleansStream.Storage.Segments;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>
/// Opens a log: takes the next epoch, which fences every earlier opening, and finds out what is stored. The epoch is taken first;
/// taking it waits for a transaction of the earlier owner that is under way, so what is read afterwards is final.
/// </summary>
internal sealed class LogOpening(PostgresLogStoreOptions options, NpgsqlDataSource database)
{
    /// <summary>A log as an opening finds it.</summary>
    public sealed record Found(long LogId, LeaderEpoch Epoch, Offset LogStart, Offset LogEnd, List<StoredSegment> Segments, Checkpoint? Checkpoint);

    /// <summary>Takes the next epoch and reads the log's row, segments and checkpoint, in one trip.</summary>
    /// <param name="partition">Whose log.</param>
    /// <param name="cancellationToken">Gives up; the epoch may be taken nevertheless.</param>
    public async Task<Found> ClaimAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Timeout = StatementLimit.None;
        Add(batch, partition,
            $"""
            INSERT INTO {PostgresNames.Schema}.logs AS l (topic_id, partition, leader_epoch) VALUES ($1, $2, 0)
            ON CONFLICT (topic_id, partition) DO UPDATE SET leader_epoch = l.leader_epoch + 1
            RETURNING log_id, leader_epoch, log_start, log_end, tail_bytes, tail_max_timestamp, tail_first_append, {PostgresNames.WaitForCommit}
            """);
        Add(batch, partition,
            $"""
            SELECT s.base_offset, s.extent, s.size_bytes, s.max_timestamp, s.first_append
            FROM {PostgresNames.Schema}.segments s JOIN {PostgresNames.Schema}.logs l USING (log_id)
            WHERE l.topic_id = $1 AND l.partition = $2 ORDER BY s.base_offset
            """);
        Add(batch, partition,
            $"SELECT c.state FROM {PostgresNames.Schema}.checkpoints c JOIN {PostgresNames.Schema}.logs l USING (log_id) WHERE l.topic_id = $1 AND l.partition = $2");
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        var (logId, epoch, start, end) = (reader.GetInt64(0), new LeaderEpoch(reader.GetInt32(1)), new Offset(reader.GetInt64(2)), new Offset(reader.GetInt64(3)));
        var (tailBytes, tailMax, tailFirst) = (checked((int)reader.GetInt64(4)), reader.GetInt64(5), reader.GetInt64(6));
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        var segments = new List<StoredSegment>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            var info = new SegmentInfo(new Offset(reader.GetInt64(0)), checked((int)reader.GetInt64(2)), reader.GetInt64(3), reader.GetInt64(4));
            segments.Add(new StoredSegment(info, reader.GetInt32(1)));
        }

        if (segments.Count > 0)
        {
            segments[^1] = segments[^1] with { Info = new SegmentInfo(segments[^1].Info.BaseOffset, tailBytes, tailMax, tailFirst) };
        }

        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        var checkpoint = await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? Checkpoint.TryParse(reader.GetFieldValue<byte[]>(0)) : null;

        // The rows are there before the commit is: only the end of the results says that the epoch is taken.
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        return new Found(logId, epoch, start, end, segments, checkpoint);
    }

    /// <summary>Brings producers and epochs forward from the checkpoint to the log's end.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.CorruptLog"/>: a batch on the way is missing.</exception>
    public async Task<LogState> ReplayAsync(PartitionId partition, Found found, LogReader reader, long nowMs, CancellationToken cancellationToken)
    {
        var epochs = new LeaderEpochHistory(found.Checkpoint?.Epochs ?? []);
        var producers = new ProducerStates(found.Checkpoint?.Producers ?? new Dictionary<long, ProducerState>());
        var next = found.Checkpoint?.RecoveryPoint ?? (found.Segments is [var first, ..] ? first.Info.BaseOffset : found.LogEnd);
        for (var i = 0; i < found.Segments.Count && next < found.LogEnd; i++)
        {
            var end = i + 1 < found.Segments.Count ? found.Segments[i + 1].Info.BaseOffset : found.LogEnd;
            if (end <= next)
            {
                continue;
            }

            await foreach (var bytes in reader.ReadHeadersAsync(found.Segments[i], next, end, cancellationToken).ConfigureAwait(false))
            {
                next = Replay(partition, bytes, next, epochs, producers, nowMs);
            }
        }

        if (next != found.LogEnd)
        {
            throw Damaged(partition, next, found.LogEnd);
        }

        producers.Forget(nowMs);
        epochs.Trim(found.LogStart);
        return new LogState(new LogBounds(new LogOffsets(found.LogStart, next, next, next)), epochs, producers);
    }

    private Offset Replay(PartitionId partition, byte[] bytes, Offset expected, LeaderEpochHistory epochs, ProducerStates producers, long nowMs)
    {
        if (bytes.Length < RecordBatchFormat.HeaderBytes)
        {
            throw Damaged(partition, expected, expected);
        }

        var header = new RecordBatchHeader(bytes);
        if (header.BaseOffset != expected.Value)
        {
            throw Damaged(partition, expected, new Offset(header.BaseOffset));
        }

        epochs.Record(new LeaderEpoch(header.LeaderEpoch), expected);
        producers.BeginGroup();
        producers.Record(header, expected, nowMs);
        producers.EndGroup(nowMs);
        return new Offset(header.LastOffset + 1);
    }

    private OrleansStreamException Damaged(PartitionId partition, Offset from, Offset to) => new(
        ErrorCode.CorruptLog,
        $"In the database of store '{options.Name}' batches of {partition} are missing or damaged from offset {from} (found {to}). Restore the database from a backup.");

    private static void Add(NpgsqlBatch batch, PartitionId partition, string sql)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = partition.TopicId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition.Partition });
        batch.BatchCommands.Add(command);
    }
}
