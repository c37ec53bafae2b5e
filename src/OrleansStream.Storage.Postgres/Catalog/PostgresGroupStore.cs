using Npgsql;
using static OrleansStream.Storage.Postgres.Catalog.PostgresSessions;

namespace OrleansStream.Storage.Postgres.Catalog;

/// <summary>
/// The state of consumer groups in PostgreSQL, for as many silos as can reach it. The tables are those of <c>db/cluster</c>,
/// and have to be there.
/// </summary>
public sealed class PostgresGroupStore : IGroupStore
{
    private const string SelectGroup = "SELECT group_id, version, generation, member_count, state FROM orleansstream.group_states";

    private readonly PostgresSessions _sessions;

    /// <summary>Uses a database, which stays the caller's to dispose.</summary>
    public PostgresGroupStore(PostgresClusterDatabase database) => _sessions = new PostgresSessions(database);

    /// <inheritdoc/>
    public ValueTask<StoredGroup?> LoadAsync(string groupId, CancellationToken cancellationToken) =>
        _sessions.QueryFirstAsync($"{SelectGroup} WHERE group_id = $1", ReadGroup, cancellationToken, Value(groupId));

    /// <inheritdoc/>
    /// <remarks>When the answer to a save gets lost, its repetition finds a version that is not the expected one, and this is null.</remarks>
    public ValueTask<long?> TrySaveAsync(StoredGroup group, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(group);
        const string insert =
            """
            INSERT INTO orleansstream.group_states (group_id, version, generation, member_count, state)
            VALUES ($1, nextval('orleansstream.group_versions'), $2, $3, $4)
            ON CONFLICT (group_id) DO NOTHING
            RETURNING version
            """;
        const string update =
            """
            UPDATE orleansstream.group_states
            SET version = nextval('orleansstream.group_versions'), generation = $2, member_count = $3, state = $4
            WHERE group_id = $1 AND version = $5
            RETURNING version
            """;
        return _sessions.QueryFirstAsync(
            group.Version == 0 ? insert : update,
            row => (long?)row.GetInt64(0),
            cancellationToken,
            [
                Value(group.GroupId),
                Value(group.Generation.Value),
                Value(group.MemberCount),
                Value(group.State),
                .. (NpgsqlParameter[])(group.Version == 0 ? [] : [Value(group.Version)]),
            ]);
    }

    /// <inheritdoc/>
    public ValueTask<bool> TryDeleteAsync(string groupId, long version, CancellationToken cancellationToken) => _sessions.RunInTransactionAsync(
        async (connection, limited) =>
        {
            // Commits hold their group's row, so what they wrote is seen by the second statement, and none comes later.
            var deleted = await ExecuteAsync(
                connection,
                "DELETE FROM orleansstream.group_states WHERE group_id = $1 AND version = $2",
                limited,
                Value(groupId),
                Value(version)).ConfigureAwait(false);
            if (deleted == 0)
            {
                return false;
            }

            await ExecuteAsync(connection, "DELETE FROM orleansstream.group_offsets WHERE group_id = $1", limited, Value(groupId))
                .ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredGroup>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return NameRange.End(prefix) is { } end
            ? await _sessions.QueryAsync(
                $"{SelectGroup} WHERE group_id > $1 AND group_id >= $2 AND group_id < $3 ORDER BY group_id LIMIT $4",
                ReadGroup, cancellationToken, Value(after ?? ""), Value(prefix), Value(end), Value(limit)).ConfigureAwait(false)
            : await _sessions.QueryAsync(
                $"{SelectGroup} WHERE group_id > $1 AND group_id >= $2 ORDER BY group_id LIMIT $3",
                ReadGroup, cancellationToken, Value(after ?? ""), Value(prefix), Value(limit)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryCommitAsync(
        string groupId, long version, IReadOnlyList<StoredOffset> offsets, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(offsets);

        // 1. The group's row is held until the end, so nobody replaces the coordinator in between.
        // 2. The topics' rows are held, so a deletion comes either before, and they are not found, or after, and takes the offsets along.
        // 3. Rows are written in one order, so two commits never wait for each other.
        return await _sessions.QueryFirstAsync(
            """
            WITH acting AS MATERIALIZED (
                SELECT group_id FROM orleansstream.group_states WHERE group_id = $1 AND version = $2 FOR SHARE
            ), given AS (
                SELECT * FROM unnest($3, $4, $5, $6, $7, $8) AS row (topic_id, partition, next_offset, metadata, leader_epoch, committed_at)
            ), topic AS MATERIALIZED (
                SELECT topic_id FROM orleansstream.catalog_topics
                WHERE topic_id IN (SELECT topic_id FROM given) AND EXISTS (SELECT 1 FROM acting)
                ORDER BY topic_id FOR KEY SHARE
            ), written AS (
                INSERT INTO orleansstream.group_offsets AS stored (group_id, topic_id, partition, next_offset, metadata, leader_epoch, committed_at)
                SELECT acting.group_id, given.* FROM acting CROSS JOIN given JOIN topic USING (topic_id)
                WHERE next_offset >= 0 ORDER BY topic_id, partition
                ON CONFLICT (group_id, topic_id, partition) DO UPDATE SET
                    next_offset = excluded.next_offset, metadata = excluded.metadata,
                    leader_epoch = excluded.leader_epoch, committed_at = excluded.committed_at
            ), removed AS (
                DELETE FROM orleansstream.group_offsets AS stored USING acting, given
                WHERE stored.group_id = acting.group_id AND stored.topic_id = given.topic_id AND stored.partition = given.partition
                    AND given.next_offset < 0
            )
            SELECT EXISTS (SELECT 1 FROM acting)
            """,
            row => row.GetBoolean(0),
            cancellationToken,
            Value(groupId),
            Value(version),
            Value(offsets.Select(offset => offset.Partition.TopicId).ToArray()),
            Value(offsets.Select(offset => offset.Partition.Partition).ToArray()),
            Value(offsets.Select(offset => offset.Offset.Value).ToArray()),
            Value(offsets.Select(offset => offset.Metadata).ToArray()),
            Value(offsets.Select(offset => offset.LeaderEpoch.Value).ToArray()),
            Value(offsets.Select(offset => PostgresCatalog.ToMillisecond(offset.CommittedAt)).ToArray())).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredOffset>> ReadOffsetsAsync(string groupId, CancellationToken cancellationToken) =>
        await _sessions.QueryAsync(
            """
            SELECT topic_id, partition, next_offset, metadata, leader_epoch, committed_at FROM orleansstream.group_offsets
            WHERE group_id = $1 ORDER BY topic_id, partition
            """,
            ReadOffset,
            cancellationToken,
            Value(groupId)).ConfigureAwait(false);

    private static StoredGroup ReadGroup(NpgsqlDataReader row) =>
        new(row.GetString(0), row.GetInt64(1), new Generation(row.GetInt32(2)), row.GetInt32(3), row.GetString(4));

    private static StoredOffset ReadOffset(NpgsqlDataReader row) => new(
        new PartitionId(row.GetGuid(0), row.GetInt32(1)),
        new Offset(row.GetInt64(2)),
        row.GetString(3),
        new LeaderEpoch(row.GetInt32(4)),
        row.GetFieldValue<DateTimeOffset>(5));
}
