using Microsoft.Data.Sqlite;

namespace OrleansStream.Storage.Sqlite;

/// <summary>The state of consumer groups in SQLite.</summary>
public sealed class SqliteGroupStore : IGroupStore
{
    private const string GroupColumns = "group_id, version, generation, member_count, state";

    private readonly SqliteDatabase _database;

    /// <summary>Uses a database, which stays the caller's to dispose.</summary>
    public SqliteGroupStore(SqliteDatabase database) => _database = database;

    /// <inheritdoc/>
    public ValueTask<StoredGroup?> LoadAsync(string groupId, CancellationToken cancellationToken) =>
        _database.ReadAsync(
            session => session.QueryFirst($"SELECT {GroupColumns} FROM groups WHERE group_id = $group", ReadGroup, ("$group", groupId)),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long?> TrySaveAsync(StoredGroup group, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(group);
        return _database.WriteAsync<long?>(
            session =>
            {
                if (FindVersion(session, group.GroupId) != group.Version)
                {
                    return null;
                }

                var version = session.QueryFirst(
                    "UPDATE cluster SET last_group_version = last_group_version + 1 RETURNING last_group_version", row => row.GetInt64(0));
                session.Execute(
                    $"""
                    INSERT INTO groups ({GroupColumns}) VALUES ($group, $version, $generation, $members, $state)
                    ON CONFLICT (group_id) DO UPDATE SET
                        version = excluded.version, generation = excluded.generation, member_count = excluded.member_count, state = excluded.state
                    """,
                    ("$group", group.GroupId),
                    ("$version", version),
                    ("$generation", group.Generation.Value),
                    ("$members", group.MemberCount),
                    ("$state", group.State));
                return version;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<bool> TryDeleteAsync(string groupId, long version, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            session =>
            {
                if (version == 0 || FindVersion(session, groupId) != version)
                {
                    return false;
                }

                session.Execute("DELETE FROM group_offsets WHERE group_id = $group", ("$group", groupId));
                session.Execute("DELETE FROM groups WHERE group_id = $group", ("$group", groupId));
                return true;
            },
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredGroup>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        // The plus sign keeps the planner from starting at the page's end mark when the prefix lies far beyond it.
        return await _database.ReadAsync(
            session => session.Query(
                $"""
                SELECT {GroupColumns} FROM groups
                WHERE group_id >= max($prefix, $after) AND +group_id > $after
                ORDER BY group_id LIMIT $limit
                """,
                ReadGroup,
                group => group.GroupId.StartsWith(prefix, StringComparison.Ordinal),
                ("$prefix", prefix),
                ("$after", after ?? ""),
                ("$limit", limit)),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<bool> TryCommitAsync(
        string groupId, long version, IReadOnlyList<StoredOffset> offsets, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        return _database.WriteAsync(
            session =>
            {
                if (version == 0 || FindVersion(session, groupId) != version)
                {
                    return false;
                }

                foreach (var offset in offsets)
                {
                    if (offset.Offset.HasValue)
                    {
                        WriteOffset(session, groupId, offset);
                    }
                    else
                    {
                        DeleteOffset(session, groupId, offset.Partition);
                    }
                }

                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredOffset>> ReadOffsetsAsync(string groupId, CancellationToken cancellationToken) =>
        await _database.ReadAsync(
            session => session.Query(
                """
                SELECT topic_id, partition, next_offset, metadata, leader_epoch, committed_at_ms FROM group_offsets
                WHERE group_id = $group ORDER BY topic_id, partition
                """,
                ReadOffset,
                _ => true,
                ("$group", groupId)),
            cancellationToken).ConfigureAwait(false);

    /// <summary>The version of a group's document; 0 when there is none.</summary>
    private static long FindVersion(SqliteSession session, string groupId) =>
        session.QueryFirst("SELECT version FROM groups WHERE group_id = $group", row => row.GetInt64(0), ("$group", groupId));

    private static void WriteOffset(SqliteSession session, string groupId, StoredOffset offset) =>
        session.Execute(
            """
            INSERT INTO group_offsets (group_id, topic_id, partition, next_offset, metadata, leader_epoch, committed_at_ms)
            SELECT $group, $topic, $partition, $offset, $metadata, $epoch, $at
            WHERE EXISTS (SELECT 1 FROM topics WHERE topic_id = $topic)
            ON CONFLICT (group_id, topic_id, partition) DO UPDATE SET
                next_offset = excluded.next_offset, metadata = excluded.metadata,
                leader_epoch = excluded.leader_epoch, committed_at_ms = excluded.committed_at_ms
            """,
            ("$group", groupId),
            ("$topic", SqliteCatalog.Key(offset.Partition.TopicId)),
            ("$partition", offset.Partition.Partition),
            ("$offset", offset.Offset.Value),
            ("$metadata", offset.Metadata),
            ("$epoch", offset.LeaderEpoch.Value),
            ("$at", offset.CommittedAt.ToUnixTimeMilliseconds()));

    private static void DeleteOffset(SqliteSession session, string groupId, PartitionId partition) =>
        session.Execute(
            "DELETE FROM group_offsets WHERE group_id = $group AND topic_id = $topic AND partition = $partition",
            ("$group", groupId),
            ("$topic", SqliteCatalog.Key(partition.TopicId)),
            ("$partition", partition.Partition));

    private static StoredGroup ReadGroup(SqliteDataReader row) =>
        new(row.GetString(0), row.GetInt64(1), new Generation(row.GetInt32(2)), row.GetInt32(3), row.GetString(4));

    private static StoredOffset ReadOffset(SqliteDataReader row) => new(
        new PartitionId(SqliteCatalog.ReadKey(row, 0), row.GetInt32(1)),
        new Offset(row.GetInt64(2)),
        row.GetString(3),
        new LeaderEpoch(row.GetInt32(4)),
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)));
}
