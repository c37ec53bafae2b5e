using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using OrleansStream.Topics;
using static OrleansStream.Storage.Postgres.Catalog.PostgresSessions;

namespace OrleansStream.Storage.Postgres.Catalog;

/// <summary>The catalog in PostgreSQL, for as many silos as can reach it. The tables are those of <c>db/cluster</c>, and have to be there.</summary>
public sealed class PostgresCatalog : ICatalog
{
    private const string SelectTopic = "SELECT name, topic_id, partition_count, configuration, created_at FROM orleansstream.catalog_topics";

    private readonly PostgresSessions _sessions;

    /// <summary>Uses a database, which stays the caller's to dispose.</summary>
    public PostgresCatalog(PostgresClusterDatabase database) => _sessions = new PostgresSessions(database);

    /// <inheritdoc/>
    public async ValueTask<string> GetClusterIdAsync(CancellationToken cancellationToken) =>
        (await _sessions.QueryFirstAsync("SELECT cluster_id FROM orleansstream.catalog_cluster", row => row.GetString(0), cancellationToken)
            .ConfigureAwait(false))!;

    /// <inheritdoc/>
    public async ValueTask<bool> TryCreateTopicAsync(TopicDescription topic, string store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentException.ThrowIfNullOrEmpty(store);
        var added = await _sessions.ExecuteAsync(
            """
            WITH added AS (
                INSERT INTO orleansstream.catalog_topics (topic_id, name, partition_count, configuration, created_at) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (name) DO NOTHING
                RETURNING topic_id
            )
            INSERT INTO orleansstream.catalog_partition_ranges (topic_id, first_partition, store) SELECT topic_id, 0, $6 FROM added
            """,
            cancellationToken,
            Value(topic.TopicId),
            Value(topic.Name),
            Value(topic.PartitionCount),
            Json(topic.Configuration),
            Value(ToMillisecond(topic.CreatedAt)),
            Value(store)).ConfigureAwait(false);

        // A creation that was repeated because its answer got lost finds itself.
        return added > 0 || (await FindTopicAsync(topic.Name, cancellationToken).ConfigureAwait(false))?.TopicId == topic.TopicId;
    }

    /// <inheritdoc/>
    public ValueTask<TopicDescription?> FindTopicAsync(string name, CancellationToken cancellationToken) =>
        _sessions.QueryFirstAsync($"{SelectTopic} WHERE name = $1", ReadTopic, cancellationToken, Value(name));

    /// <inheritdoc/>
    public ValueTask<TopicDescription?> FindTopicAsync(Guid topicId, CancellationToken cancellationToken) =>
        _sessions.QueryFirstAsync($"{SelectTopic} WHERE topic_id = $1", ReadTopic, cancellationToken, Value(topicId));

    /// <inheritdoc/>
    public ValueTask<string?> FindStoreAsync(PartitionId partition, CancellationToken cancellationToken) => _sessions.QueryFirstAsync(
        """
        SELECT store, first_partition FROM orleansstream.catalog_partition_ranges
        WHERE topic_id = $1 AND first_partition <= $2
            AND $2 < (SELECT partition_count FROM orleansstream.catalog_topics WHERE topic_id = $1)
        ORDER BY first_partition DESC LIMIT 1
        """,
        row => StoreSpread.Pick(row.GetString(0), partition.Partition - row.GetInt32(1)),
        cancellationToken,
        Value(partition.TopicId),
        Value(partition.Partition));

    /// <inheritdoc/>
    public ValueTask<bool> UpdateTopicAsync(TopicDescription topic, string store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentException.ThrowIfNullOrEmpty(store);
        return _sessions.RunInTransactionAsync(
            async (connection, limited) =>
            {
                var partitionCount = await ScalarAsync<int>(
                    connection,
                    "SELECT partition_count FROM orleansstream.catalog_topics WHERE topic_id = $1 FOR NO KEY UPDATE",
                    limited,
                    Value(topic.TopicId)).ConfigureAwait(false);
                if (partitionCount is null)
                {
                    return false;
                }

                if (topic.PartitionCount < partitionCount)
                {
                    throw CatalogErrors.FewerPartitions(topic.Name, partitionCount.Value);
                }

                if (topic.PartitionCount > partitionCount)
                {
                    await ExecuteAsync(
                        connection,
                        "INSERT INTO orleansstream.catalog_partition_ranges (topic_id, first_partition, store) VALUES ($1, $2, $3)",
                        limited,
                        Value(topic.TopicId),
                        Value(partitionCount.Value),
                        Value(store)).ConfigureAwait(false);
                }

                await ExecuteAsync(
                    connection,
                    "UPDATE orleansstream.catalog_topics SET partition_count = $2, configuration = $3 WHERE topic_id = $1",
                    limited,
                    Value(topic.TopicId),
                    Value(topic.PartitionCount),
                    Json(topic.Configuration)).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteTopicAsync(Guid topicId, CancellationToken cancellationToken)
    {
        var runs = 0;
        return _sessions.RunInTransactionAsync(
            async (connection, limited) =>
            {
                // A deletion that was repeated because its answer got lost finds itself among the deleted.
                if (++runs > 1 && await IsDeletedAsync(connection, topicId, limited).ConfigureAwait(false))
                {
                    return true;
                }

                // Commits hold their topics' rows, so what they wrote is seen by the statement after this one, and none comes later.
                var partitionCount = await ScalarAsync<int>(
                    connection, "DELETE FROM orleansstream.catalog_topics WHERE topic_id = $1 RETURNING partition_count", limited, Value(topicId))
                    .ConfigureAwait(false);
                if (partitionCount is null)
                {
                    return false;
                }

                await ExecuteAsync(connection, "DELETE FROM orleansstream.group_offsets WHERE topic_id = $1", limited, Value(topicId))
                    .ConfigureAwait(false);
                await ExecuteAsync(
                    connection,
                    "INSERT INTO orleansstream.catalog_deleted_topics (topic_id, partition_count) VALUES ($1, $2)",
                    limited,
                    Value(topicId),
                    Value(partitionCount.Value)).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<DeletedTopic>> ListDeletedTopicsAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return await _sessions.QueryAsync(
            "SELECT topic_id, partition_count FROM orleansstream.catalog_deleted_topics ORDER BY deletion LIMIT $1",
            row => new DeletedTopic(row.GetGuid(0), row.GetInt32(1)),
            cancellationToken,
            Value(limit)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask ForgetDeletedTopicAsync(Guid topicId, CancellationToken cancellationToken) => await _sessions.ExecuteAsync(
        """
        WITH forgotten AS (DELETE FROM orleansstream.catalog_deleted_topics WHERE topic_id = $1 RETURNING topic_id)
        DELETE FROM orleansstream.catalog_partition_ranges AS range USING forgotten WHERE range.topic_id = forgotten.topic_id
        """,
        cancellationToken,
        Value(topicId)).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<TopicDescription>> ListTopicsAsync(
        string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return NameRange.End(prefix) is { } end
            ? await _sessions.QueryAsync(
                $"{SelectTopic} WHERE name > $1 AND name >= $2 AND name < $3 ORDER BY name LIMIT $4",
                ReadTopic, cancellationToken, Value(after ?? ""), Value(prefix), Value(end), Value(limit)).ConfigureAwait(false)
            : await _sessions.QueryAsync(
                $"{SelectTopic} WHERE name > $1 AND name >= $2 ORDER BY name LIMIT $3",
                ReadTopic, cancellationToken, Value(after ?? ""), Value(prefix), Value(limit)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<long> ReserveProducerIdsAsync(int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return _sessions.QueryFirstAsync(
            "UPDATE orleansstream.catalog_cluster SET next_producer_id = next_producer_id + $1 RETURNING next_producer_id - $1",
            row => row.GetInt64(0),
            cancellationToken,
            Value((long)count));
    }

    /// <summary>Times are kept to the millisecond, here as in every other store.</summary>
    internal static DateTimeOffset ToMillisecond(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    private static async ValueTask<bool> IsDeletedAsync(NpgsqlConnection connection, Guid topicId, CancellationToken cancellationToken) =>
        await ScalarAsync<bool>(
            connection, "SELECT true FROM orleansstream.catalog_deleted_topics WHERE topic_id = $1", cancellationToken, Value(topicId)).ConfigureAwait(false) ?? false;

    private static TopicDescription ReadTopic(NpgsqlDataReader row) => new(
        row.GetString(0),
        row.GetGuid(1),
        row.GetInt32(2),
        JsonSerializer.Deserialize(row.GetString(3), CatalogJson.Default.DictionaryStringString)!,
        row.GetFieldValue<DateTimeOffset>(4));

    private static NpgsqlParameter Json(IReadOnlyDictionary<string, string> configuration) => new()
    {
        Value = JsonSerializer.Serialize(configuration, CatalogJson.Default.IReadOnlyDictionaryStringString),
        NpgsqlDbType = NpgsqlDbType.Jsonb,
    };
}
