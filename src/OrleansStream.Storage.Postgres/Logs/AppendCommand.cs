using Npgsql;
using NpgsqlTypes;

namespace OrleansStream.Storage.Postgres.Logs;

/// <summary>
/// The statement that appends to many logs at once, for one extent and one connection. It is one transaction and one trip to the
/// server: every log's row is moved on if its epoch and its end are what the writer believes, and only logs whose row moved get
/// their batches stored (invariants I2 and I4).
/// </summary>
internal sealed class AppendCommand : IAsyncDisposable
{
    private readonly NpgsqlCommand _command;

    private AppendCommand(NpgsqlCommand command)
    {
        _command = command;
    }

    /// <summary>Prepares the statement.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="extent">The extent that receives the batches.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<AppendCommand> PrepareAsync(NpgsqlConnection connection, int extent, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(Sql(extent), connection) { CommandTimeout = StatementLimit.None };
        NpgsqlDbType[] types =
        [
            NpgsqlDbType.Bigint, NpgsqlDbType.Integer, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint,
            NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bytea,
            NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint,
            NpgsqlDbType.Bigint, NpgsqlDbType.Bigint,
        ];
        foreach (var type in types)
        {
            command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | type });
        }

        command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text });
        await command.PrepareAsync(cancellationToken).ConfigureAwait(false);
        return new AppendCommand(command);
    }

    /// <summary>Stores writes.</summary>
    /// <param name="writes">Of different logs, each placed in the statement's extent.</param>
    /// <param name="synchronousCommit">The setting of that name for this transaction.</param>
    /// <param name="stored">Receives the logs whose write was stored, of the others nothing was; to be believed only after success.</param>
    /// <param name="cancellationToken">Gives up, with an unknown outcome.</param>
    public async Task ExecuteAsync(IReadOnlyList<LogWrite> writes, string synchronousCommit, HashSet<long> stored, CancellationToken cancellationToken)
    {
        var parameters = _command.Parameters;
        parameters[0].Value = Of(writes, write => write.LogId);
        parameters[1].Value = Of(writes, write => write.Epoch.Value);
        parameters[2].Value = Of(writes, write => write.OldEnd.Value);
        parameters[3].Value = Of(writes, write => write.NewEnd.Value);
        parameters[4].Value = Of(writes, write => (long)write.Active.Info.SizeInBytes);
        parameters[5].Value = Of(writes, write => write.Active.Info.MaxTimestampMs);
        parameters[6].Value = Of(writes, write => write.Active.Info.FirstAppendMs);
        SetBatches(writes);
        LogWrite[] sealing = [.. writes.Where(write => write.Sealed is not null)];
        parameters[12].Value = Of(sealing, write => write.LogId);
        parameters[13].Value = Of(sealing, write => write.Sealed!.Info.BaseOffset.Value);
        parameters[14].Value = Of(sealing, write => (long)write.Sealed!.Info.SizeInBytes);
        parameters[15].Value = Of(sealing, write => write.Sealed!.Info.MaxTimestampMs);
        parameters[16].Value = Of(sealing, write => write.Sealed!.Info.FirstAppendMs);
        LogWrite[] beginning = [.. writes.Where(write => write.BeginsSegment)];
        parameters[17].Value = Of(beginning, write => write.LogId);
        parameters[18].Value = Of(beginning, write => write.Active.Info.BaseOffset.Value);
        parameters[19].Value = synchronousCommit;
        await using var reader = await _command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            stored.Add(reader.GetInt64(0));
        }

        // The rows are there before the commit is: only the end of the results says that it succeeded.
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => _command.DisposeAsync();

    private void SetBatches(IReadOnlyList<LogWrite> writes)
    {
        var count = writes.Sum(write => write.Batches.Count);
        var logs = new long[count];
        var lastOffsets = new long[count];
        var baseOffsets = new long[count];
        var timestamps = new long[count];
        var bytes = new ReadOnlyMemory<byte>[count];
        var i = 0;
        foreach (var write in writes)
        {
            foreach (var batch in write.Batches)
            {
                (logs[i], lastOffsets[i], baseOffsets[i], timestamps[i], bytes[i]) =
                    (write.LogId, batch.LastOffset.Value, batch.BaseOffset.Value, batch.MaxTimestampMs, batch.Bytes);
                i++;
            }
        }

        _command.Parameters[7].Value = logs;
        _command.Parameters[8].Value = lastOffsets;
        _command.Parameters[9].Value = baseOffsets;
        _command.Parameters[10].Value = timestamps;
        _command.Parameters[11].Value = bytes;
    }

    private static T[] Of<T>(IReadOnlyList<LogWrite> writes, Func<LogWrite, T> value)
    {
        var values = new T[writes.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = value(writes[i]);
        }

        return values;
    }

    private static string Sql(int extent) =>
        $"""
        WITH appended AS (
            UPDATE {PostgresNames.Schema}.logs AS l
            SET log_end = x.new_end, tail_bytes = x.tail_bytes, tail_max_timestamp = x.tail_max_timestamp, tail_first_append = x.tail_first_append
            FROM unnest($1, $2, $3, $4, $5, $6, $7)
                AS x (log_id, leader_epoch, old_end, new_end, tail_bytes, tail_max_timestamp, tail_first_append)
            WHERE l.log_id = x.log_id AND l.leader_epoch = x.leader_epoch AND l.log_end = x.old_end
            RETURNING l.log_id
        ), stored AS (
            INSERT INTO {PostgresNames.Extent(extent)} (log_id, last_offset, base_offset, max_timestamp, bytes)
            SELECT * FROM unnest($8, $9, $10, $11, $12) AS b (log_id, last_offset, base_offset, max_timestamp, bytes)
            WHERE b.log_id IN (SELECT log_id FROM appended)
        ), ended AS (
            UPDATE {PostgresNames.Schema}.segments AS s
            SET size_bytes = e.size_bytes, max_timestamp = e.max_timestamp, first_append = e.first_append
            FROM unnest($13, $14, $15, $16, $17) AS e (log_id, base_offset, size_bytes, max_timestamp, first_append)
            WHERE s.log_id = e.log_id AND s.base_offset = e.base_offset AND e.log_id IN (SELECT log_id FROM appended)
        ), begun AS (
            INSERT INTO {PostgresNames.Schema}.segments (log_id, base_offset, extent)
            SELECT n.log_id, n.base_offset, {extent} FROM unnest($18, $19) AS n (log_id, base_offset)
            WHERE n.log_id IN (SELECT log_id FROM appended)
        )
        SELECT log_id, set_config('synchronous_commit', $20, true) FROM appended
        """;
}
