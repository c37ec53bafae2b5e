using Npgsql;
using OrleansStream.Placement;
using OrleansStream.Storage.Postgres.Catalog;
using static OrleansStream.Storage.Postgres.Catalog.PostgresSessions;

namespace OrleansStream.Storage.Postgres.Placement;

/// <summary>
/// Pins, drained silos and the history of moves in PostgreSQL, for as many silos as can reach it. The tables are those of
/// <c>db/cluster</c>, and have to be there.
/// </summary>
/// <remarks>When the answer to a change gets lost, its repetition finds it done, and answers as for a change that was not needed.</remarks>
public sealed class PostgresPlacementStore : IPlacementStore
{
    private const string RaiseVersion = "UPDATE orleansstream.placement_version SET version = version + 1";

    private readonly PostgresSessions _sessions;

    /// <summary>Uses a database, which stays the caller's to dispose.</summary>
    public PostgresPlacementStore(PostgresClusterDatabase database) => _sessions = new PostgresSessions(database);

    /// <inheritdoc/>
    public async ValueTask<PlacementOverrides?> ReadAsync(long knownVersion, CancellationToken cancellationToken)
    {
        // One statement, so that version and decisions are of the same moment.
        var rows = await _sessions.QueryAsync(
            """
            WITH current AS (SELECT version FROM orleansstream.placement_version)
            SELECT version, NULL::uuid, NULL::integer, NULL::text FROM current
            UNION ALL
            SELECT NULL, topic_id, partition, silo FROM orleansstream.placement_pins WHERE (SELECT version FROM current) <> $1
            UNION ALL
            SELECT NULL, NULL, NULL, silo FROM orleansstream.placement_drained_silos WHERE (SELECT version FROM current) <> $1
            """,
            Read,
            cancellationToken,
            Value(knownVersion)).ConfigureAwait(false);
        var version = rows.First(row => row.Version is not null).Version!.Value;
        return version == knownVersion
            ? null
            : new PlacementOverrides(
                version,
                [.. rows.Where(row => row.Pin is not null).Select(row => row.Pin!)],
                [.. rows.Where(row => row.Drained is not null).Select(row => row.Drained!)]);

        static (long? Version, PinnedPartition? Pin, string? Drained) Read(NpgsqlDataReader row) =>
            !row.IsDBNull(0) ? (row.GetInt64(0), null, null)
            : !row.IsDBNull(1) ? (null, new PinnedPartition(new PartitionId(row.GetGuid(1), row.GetInt32(2)), row.GetString(3)), null)
            : (null, null, row.GetString(3));
    }

    /// <inheritdoc/>
    public async ValueTask PinAsync(PartitionId partition, string silo, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(silo);
        await _sessions.RunInTransactionAsync(
            async (connection, limited) =>
            {
                // The version's row is held until the end, so changes come one after the other and see each other's counts.
                await ExecuteAsync(connection, RaiseVersion, limited).ConfigureAwait(false);
                var pinned = await ExecuteAsync(
                    connection,
                    """
                    INSERT INTO orleansstream.placement_pins (topic_id, partition, silo)
                    SELECT topic_id, $2, $3 FROM orleansstream.catalog_topics WHERE topic_id = $1 FOR KEY SHARE
                    ON CONFLICT (topic_id, partition) DO UPDATE SET silo = excluded.silo
                    """,
                    limited,
                    Value(partition.TopicId),
                    Value(partition.Partition),
                    Value(silo)).ConfigureAwait(false);
                if (pinned == 0)
                {
                    throw PlacementErrors.UnknownTopic(partition);
                }

                var count = await ScalarAsync<long>(connection, "SELECT count(*) FROM orleansstream.placement_pins", limited).ConfigureAwait(false);
                return count <= IPlacementStore.MaxPins ? pinned : throw PlacementErrors.TooManyPins();
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> UnpinAsync(PartitionId partition, CancellationToken cancellationToken) =>
        await _sessions.ExecuteAsync(
            $"""
            WITH gone AS (DELETE FROM orleansstream.placement_pins WHERE topic_id = $1 AND partition = $2 RETURNING 1)
            {RaiseVersion} WHERE EXISTS (SELECT 1 FROM gone)
            """,
            cancellationToken,
            Value(partition.TopicId),
            Value(partition.Partition)).ConfigureAwait(false) > 0;

    /// <inheritdoc/>
    public ValueTask<bool> DrainAsync(string silo, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(silo);
        return _sessions.RunInTransactionAsync(
            async (connection, limited) =>
            {
                var added = await ExecuteAsync(
                    connection,
                    $"""
                    WITH come AS (
                        INSERT INTO orleansstream.placement_drained_silos (silo) VALUES ($1) ON CONFLICT DO NOTHING RETURNING 1
                    )
                    {RaiseVersion} WHERE EXISTS (SELECT 1 FROM come)
                    """,
                    limited,
                    Value(silo)).ConfigureAwait(false);
                var count = await ScalarAsync<long>(
                    connection, "SELECT count(*) FROM orleansstream.placement_drained_silos", limited).ConfigureAwait(false);
                return count <= IPlacementStore.MaxDrainedSilos ? added > 0 : throw PlacementErrors.TooManyDrainedSilos();
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> UndrainAsync(string silo, CancellationToken cancellationToken) =>
        await _sessions.ExecuteAsync(
            $"""
            WITH gone AS (DELETE FROM orleansstream.placement_drained_silos WHERE silo = $1 RETURNING 1)
            {RaiseVersion} WHERE EXISTS (SELECT 1 FROM gone)
            """,
            cancellationToken,
            Value(silo)).ConfigureAwait(false) > 0;

    /// <inheritdoc/>
    public async ValueTask RecordMoveAsync(PartitionMove move, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(move);
        await _sessions.ExecuteAsync(
            """
            WITH come AS (
                INSERT INTO orleansstream.placement_moves (topic_id, partition, from_silo, to_silo, reason, unavailable, moved_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT DO NOTHING RETURNING move
            )
            DELETE FROM orleansstream.placement_moves WHERE move <= (SELECT max(move) FROM come) - $8
            """,
            cancellationToken,
            Value(move.Partition.TopicId),
            Value(move.Partition.Partition),
            Value(move.From),
            Value(move.To),
            Value((int)move.Reason),
            Value(move.Unavailable),
            Value(PostgresCatalog.ToMillisecond(move.MovedAt)),
            Value((long)IPlacementStore.KeptMoves)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<PartitionMove>> ListMovesAsync(long? before, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return await _sessions.QueryAsync(
            """
            SELECT move, topic_id, partition, from_silo, to_silo, reason, unavailable, moved_at FROM orleansstream.placement_moves
            WHERE move < $1 ORDER BY move DESC LIMIT $2
            """,
            row => new PartitionMove(
                row.GetInt64(0),
                new PartitionId(row.GetGuid(1), row.GetInt32(2)),
                row.GetString(3),
                row.GetString(4),
                (MoveReason)row.GetInt32(5),
                row.GetTimeSpan(6),
                row.GetFieldValue<DateTimeOffset>(7)),
            cancellationToken,
            Value(before ?? long.MaxValue),
            Value(limit)).ConfigureAwait(false);
    }
}
