using System.Globalization;

namespace OrleansStream.Storage.Sqlite;

/// <summary>
/// The tables, and the steps that lead to them. <c>PRAGMA user_version</c> counts the steps done; a step, once released,
/// never changes.
/// </summary>
internal static class SqliteSchema
{
    /// <summary>The version that this code reads and writes.</summary>
    public static int Version => s_steps.Length;

    // Names and ids sort by their bytes (UTF-8), that is by code point. Tables keyed by what they are looked up with carry no
    // separate row id; groups do, since their documents are too long to lie in the key's own tree.
    // The ranges of a deleted topic stay until its logs are gone: they alone tell where those lie.
    private static readonly string[] s_steps =
    [
        """
        CREATE TABLE cluster (
            cluster_id TEXT NOT NULL,
            next_producer_id INTEGER NOT NULL,
            last_group_version INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE topics (
            name TEXT NOT NULL PRIMARY KEY,
            topic_id BLOB NOT NULL UNIQUE,
            partition_count INTEGER NOT NULL,
            configuration TEXT NOT NULL,
            created_at_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE partition_ranges (
            topic_id BLOB NOT NULL,
            first_partition INTEGER NOT NULL,
            store TEXT NOT NULL,
            PRIMARY KEY (topic_id, first_partition)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE deleted_topics (
            deletion INTEGER PRIMARY KEY AUTOINCREMENT,
            topic_id BLOB NOT NULL UNIQUE,
            partition_count INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE groups (
            group_id TEXT NOT NULL PRIMARY KEY,
            version INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            member_count INTEGER NOT NULL,
            state TEXT NOT NULL
        ) STRICT;

        CREATE TABLE group_offsets (
            group_id TEXT NOT NULL,
            topic_id BLOB NOT NULL,
            partition INTEGER NOT NULL,
            next_offset INTEGER NOT NULL,
            metadata TEXT NOT NULL,
            leader_epoch INTEGER NOT NULL,
            committed_at_ms INTEGER NOT NULL,
            PRIMARY KEY (group_id, topic_id, partition)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX group_offsets_by_topic ON group_offsets (topic_id);
        """,
        """
        CREATE TABLE placement (version INTEGER NOT NULL) STRICT;
        INSERT INTO placement (version) VALUES (1);

        CREATE TABLE pins (
            topic_id BLOB NOT NULL,
            partition INTEGER NOT NULL,
            silo TEXT NOT NULL,
            PRIMARY KEY (topic_id, partition)
        ) STRICT, WITHOUT ROWID;

        CREATE TRIGGER pins_go_with_their_topic AFTER DELETE ON topics BEGIN
            DELETE FROM pins WHERE topic_id = OLD.topic_id;
        END;

        CREATE TABLE drained_silos (silo TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

        CREATE TABLE moves (
            move INTEGER PRIMARY KEY AUTOINCREMENT,
            topic_id BLOB NOT NULL,
            partition INTEGER NOT NULL,
            from_silo TEXT NOT NULL,
            to_silo TEXT NOT NULL,
            reason INTEGER NOT NULL,
            unavailable_us INTEGER NOT NULL,
            moved_at_ms INTEGER NOT NULL
        ) STRICT;
        """,
    ];

    /// <summary>Brings a database to <see cref="Version"/>, in one transaction.</summary>
    /// <exception cref="OrleansStreamException"><see cref="ErrorCode.DataFolderTooNew"/>.</exception>
    public static void Upgrade(SqliteSession session, string path)
    {
        var found = session.QueryFirst("PRAGMA user_version", row => row.GetInt32(0));
        if (found > Version)
        {
            throw new OrleansStreamException(
                ErrorCode.DataFolderTooNew,
                $"'{path}' has schema version {found}, and this program knows versions up to {Version}: use a release of OrleansStream that knows schema version {found}.");
        }

        if (found == Version)
        {
            return;
        }

        session.Execute("BEGIN IMMEDIATE");
        for (var step = found; step < Version; step++)
        {
            session.ExecuteScript(s_steps[step]);
        }

        if (found == 0)
        {
            session.Execute(
                "INSERT INTO cluster (cluster_id, next_producer_id, last_group_version) VALUES ($id, 0, 0)", ("$id", NewClusterId()));
        }

        session.ExecuteScript(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Version}"));
        session.Execute("COMMIT");
    }

    /// <summary>22 characters of URL-safe base64, the form that Kafka's cluster ids have.</summary>
    private static string NewClusterId() =>
        Convert.ToBase64String(Guid.NewGuid().ToByteArray()).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
