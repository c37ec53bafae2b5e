using Microsoft.Data.Sqlite;
using OrleansStream.Placement;

namespace OrleansStream.Storage.Sqlite;

/// <summary>Pins, drained silos and the history of moves in SQLite.</summary>
public sealed class SqlitePlacementStore : IPlacementStore
{
    private readonly SqliteDatabase _database;

    /// <summary>Uses a database, which stays the caller's to dispose.</summary>
    public SqlitePlacementStore(SqliteDatabase database) => _database = database;

    /// <inheritdoc/>
    public ValueTask<PlacementOverrides?> ReadAsync(long knownVersion, CancellationToken cancellationToken) =>
        _database.ReadAsync<PlacementOverrides?>(
            session =>
            {
                // First the version: what is changed meanwhile is then read twice rather than not at all.
                var version = session.QueryFirst("SELECT version FROM placement", row => row.GetInt64(0));
                return version == knownVersion
                    ? null
                    : new PlacementOverrides(
                        version,
                        session.Query("SELECT topic_id, partition, silo FROM pins", ReadPin, _ => true),
                        session.Query("SELECT silo FROM drained_silos", row => row.GetString(0), _ => true));
            },
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask PinAsync(PartitionId partition, string silo, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(silo);
        await _database.WriteAsync(
            session =>
            {
                if (!Exists(session, "SELECT 1 FROM topics WHERE topic_id = $topic", ("$topic", SqliteCatalog.Key(partition.TopicId))))
                {
                    throw PlacementErrors.UnknownTopic(partition);
                }

                session.Execute("DELETE FROM pins WHERE topic_id = $topic AND partition = $partition", Keys(partition));
                if (Count(session, "SELECT count(*) FROM pins") >= IPlacementStore.MaxPins)
                {
                    throw PlacementErrors.TooManyPins();
                }

                session.Execute(
                    "INSERT INTO pins (topic_id, partition, silo) VALUES ($topic, $partition, $silo)", [.. Keys(partition), ("$silo", silo)]);
                return Changed(session, 1);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<bool> UnpinAsync(PartitionId partition, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            session => Changed(session, session.Execute("DELETE FROM pins WHERE topic_id = $topic AND partition = $partition", Keys(partition))),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> DrainAsync(string silo, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(silo);
        return _database.WriteAsync(
            session =>
            {
                var added = session.Execute("INSERT INTO drained_silos (silo) VALUES ($silo) ON CONFLICT DO NOTHING", ("$silo", silo));
                return Count(session, "SELECT count(*) FROM drained_silos") > IPlacementStore.MaxDrainedSilos
                    ? throw PlacementErrors.TooManyDrainedSilos()
                    : Changed(session, added);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<bool> UndrainAsync(string silo, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            session => Changed(session, session.Execute("DELETE FROM drained_silos WHERE silo = $silo", ("$silo", silo))), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask RecordMoveAsync(PartitionMove move, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(move);
        await _database.WriteAsync(
            session =>
            {
                session.Execute(
                    """
                    INSERT INTO moves (topic_id, partition, from_silo, to_silo, reason, unavailable_us, moved_at_ms)
                    VALUES ($topic, $partition, $from, $to, $reason, $unavailable, $at)
                    """,
                    [
                        .. Keys(move.Partition),
                        ("$from", move.From),
                        ("$to", move.To),
                        ("$reason", (int)move.Reason),
                        ("$unavailable", (long)move.Unavailable.TotalMicroseconds),
                        ("$at", move.MovedAt.ToUnixTimeMilliseconds()),
                    ]);
                return session.Execute(
                    "DELETE FROM moves WHERE move <= (SELECT max(move) FROM moves) - $kept", ("$kept", IPlacementStore.KeptMoves));
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<PartitionMove>> ListMovesAsync(long? before, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return await _database.ReadAsync(
            session => session.Query(
                """
                SELECT move, topic_id, partition, from_silo, to_silo, reason, unavailable_us, moved_at_ms FROM moves
                WHERE move < $before ORDER BY move DESC LIMIT $limit
                """,
                ReadMove,
                _ => true,
                ("$before", before ?? long.MaxValue),
                ("$limit", limit)),
            cancellationToken).ConfigureAwait(false);
    }

    private static bool Changed(SqliteSession session, int rows)
    {
        if (rows > 0)
        {
            session.Execute("UPDATE placement SET version = version + 1");
        }

        return rows > 0;
    }

    private static long Count(SqliteSession session, string sql) => session.QueryFirst(sql, row => row.GetInt64(0));

    private static bool Exists(SqliteSession session, string sql, (string, object) parameter) => session.QueryFirst(sql, _ => true, parameter);

    private static (string, object)[] Keys(PartitionId partition) =>
        [("$topic", SqliteCatalog.Key(partition.TopicId)), ("$partition", partition.Partition)];

    private static PinnedPartition ReadPin(SqliteDataReader row) =>
        new(new PartitionId(SqliteCatalog.ReadKey(row, 0), row.GetInt32(1)), row.GetString(2));

    private static PartitionMove ReadMove(SqliteDataReader row) => new(
        row.GetInt64(0),
        new PartitionId(SqliteCatalog.ReadKey(row, 1), row.GetInt32(2)),
        row.GetString(3),
        row.GetString(4),
        (MoveReason)row.GetInt32(5),
        TimeSpan.FromMicroseconds(row.GetInt64(6)),
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(7)));
}
