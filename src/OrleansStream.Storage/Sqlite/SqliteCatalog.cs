using System.Text.Json;
using Microsoft.Data.Sqlite;
using OrleansStream.Topics;

namespace OrleansStream.Storage.Sqlite;

/// <summary>The catalog in SQLite.</summary>
public sealed class SqliteCatalog : ICatalog
{
    private const string TopicColumns = "name, topic_id, partition_count, configuration, created_at_ms";

    private readonly SqliteDatabase _database;

    /// <summary>Uses a database, which stays the caller's to dispose.</summary>
    public SqliteCatalog(SqliteDatabase database) => _database = database;

    /// <inheritdoc/>
    public async ValueTask<string> GetClusterIdAsync(CancellationToken cancellationToken) =>
        (await _database.ReadAsync(
            session => session.QueryFirst("SELECT cluster_id FROM cluster", row => row.GetString(0)), cancellationToken)
            .ConfigureAwait(false))!;

    /// <inheritdoc/>
    public ValueTask<bool> TryCreateTopicAsync(TopicDescription topic, string store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentException.ThrowIfNullOrEmpty(store);
        return _database.WriteAsync(
            session =>
            {
                var added = session.Execute(
                    $"INSERT INTO topics ({TopicColumns}) VALUES ($name, $id, $count, $configuration, $created) ON CONFLICT (name) DO NOTHING",
                    ("$name", topic.Name),
                    ("$id", Key(topic.TopicId)),
                    ("$count", topic.PartitionCount),
                    ("$configuration", ToJson(topic.Configuration)),
                    ("$created", topic.CreatedAt.ToUnixTimeMilliseconds()));
                if (added == 0)
                {
                    return false;
                }

                AddPartitions(session, topic.TopicId, first: 0, store);
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<TopicDescription?> FindTopicAsync(string name, CancellationToken cancellationToken) =>
        _database.ReadAsync(
            session => session.QueryFirst($"SELECT {TopicColumns} FROM topics WHERE name = $name", ReadTopic, ("$name", name)),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TopicDescription?> FindTopicAsync(Guid topicId, CancellationToken cancellationToken) =>
        _database.ReadAsync(
            session => session.QueryFirst($"SELECT {TopicColumns} FROM topics WHERE topic_id = $id", ReadTopic, ("$id", Key(topicId))),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> FindStoreAsync(PartitionId partition, CancellationToken cancellationToken) =>
        _database.ReadAsync(
            session => session.QueryFirst(
                """
                SELECT store, first_partition FROM partition_ranges
                WHERE topic_id = $id AND first_partition <= $partition
                    AND $partition < (SELECT partition_count FROM topics WHERE topic_id = $id)
                ORDER BY first_partition DESC LIMIT 1
                """,
                row => StoreSpread.Pick(row.GetString(0), partition.Partition - row.GetInt32(1)),
                ("$id", Key(partition.TopicId)),
                ("$partition", partition.Partition)),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> UpdateTopicAsync(TopicDescription topic, string store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentException.ThrowIfNullOrEmpty(store);
        return _database.WriteAsync(session => UpdateTopic(session, topic, store), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteTopicAsync(Guid topicId, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            session =>
            {
                var partitionCount = FindPartitionCount(session, topicId);
                if (partitionCount == 0)
                {
                    return false;
                }

                session.Execute("DELETE FROM topics WHERE topic_id = $id", ("$id", Key(topicId)));
                session.Execute("DELETE FROM group_offsets WHERE topic_id = $id", ("$id", Key(topicId)));
                session.Execute(
                    "INSERT INTO deleted_topics (topic_id, partition_count) VALUES ($id, $count)",
                    ("$id", Key(topicId)),
                    ("$count", partitionCount));
                return true;
            },
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<DeletedTopic>> ListDeletedTopicsAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return await _database.ReadAsync(
            session => session.Query(
                "SELECT topic_id, partition_count FROM deleted_topics ORDER BY deletion LIMIT $limit",
                row => new DeletedTopic(ReadKey(row, 0), row.GetInt32(1)),
                _ => true,
                ("$limit", limit)),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask ForgetDeletedTopicAsync(Guid topicId, CancellationToken cancellationToken) =>
        await _database.WriteAsync(
            session =>
            {
                var forgotten = session.Execute("DELETE FROM deleted_topics WHERE topic_id = $id", ("$id", Key(topicId)));
                if (forgotten > 0)
                {
                    session.Execute("DELETE FROM partition_ranges WHERE topic_id = $id", ("$id", Key(topicId)));
                }

                return forgotten;
            },
            cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<TopicDescription>> ListTopicsAsync(
        string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        // The plus sign keeps the planner from starting at the page's end mark when the prefix lies far beyond it.
        return await _database.ReadAsync(
            session => session.Query(
                $"""
                SELECT {TopicColumns} FROM topics
                WHERE name >= max($prefix, $after) AND +name > $after
                ORDER BY name LIMIT $limit
                """,
                ReadTopic,
                topic => topic.Name.StartsWith(prefix, StringComparison.Ordinal),
                ("$prefix", prefix),
                ("$after", after ?? ""),
                ("$limit", limit)),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<long> ReserveProducerIdsAsync(int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return _database.WriteAsync(
            session => session.QueryFirst(
                "UPDATE cluster SET next_producer_id = next_producer_id + $count RETURNING next_producer_id - $count",
                row => row.GetInt64(0),
                ("$count", count)),
            cancellationToken);
    }

    /// <summary>Ids are stored in the byte order of their text, so that a dump of the table reads like the partition's names.</summary>
    internal static byte[] Key(Guid topicId) => topicId.ToByteArray(bigEndian: true);

    /// <summary>Reads what <see cref="Key"/> made.</summary>
    internal static Guid ReadKey(SqliteDataReader row, int column) => new((byte[])row.GetValue(column), bigEndian: true);

    /// <summary>Zero when there is no such topic.</summary>
    private static int FindPartitionCount(SqliteSession session, Guid topicId) =>
        session.QueryFirst("SELECT partition_count FROM topics WHERE topic_id = $id", row => row.GetInt32(0), ("$id", Key(topicId)));

    private static bool UpdateTopic(SqliteSession session, TopicDescription topic, string store)
    {
        var partitionCount = FindPartitionCount(session, topic.TopicId);
        if (partitionCount == 0)
        {
            return false;
        }

        if (topic.PartitionCount < partitionCount)
        {
            throw CatalogErrors.FewerPartitions(topic.Name, partitionCount);
        }

        if (topic.PartitionCount > partitionCount)
        {
            AddPartitions(session, topic.TopicId, first: partitionCount, store);
        }

        session.Execute(
            "UPDATE topics SET partition_count = $count, configuration = $configuration WHERE topic_id = $id",
            ("$count", topic.PartitionCount),
            ("$configuration", ToJson(topic.Configuration)),
            ("$id", Key(topic.TopicId)));
        return true;
    }

    private static void AddPartitions(SqliteSession session, Guid topicId, int first, string store) =>
        session.Execute(
            "INSERT INTO partition_ranges (topic_id, first_partition, store) VALUES ($id, $first, $store)",
            ("$id", Key(topicId)),
            ("$first", first),
            ("$store", store));

    private static TopicDescription ReadTopic(SqliteDataReader row) => new(
        row.GetString(0),
        ReadKey(row, 1),
        row.GetInt32(2),
        JsonSerializer.Deserialize(row.GetString(3), CatalogJson.Default.DictionaryStringString)!,
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)));

    private static string ToJson(IReadOnlyDictionary<string, string> configuration) =>
        JsonSerializer.Serialize(configuration, CatalogJson.Default.IReadOnlyDictionaryStringString);
}
