-- The partition logs: who may write, where the batches lie, and the batches themselves.
-- A log database may hold these alone, or share a database with the cluster's tables.

DO $$
BEGIN
    -- Not CREATE SCHEMA IF NOT EXISTS: that asks for the right to create schemas even where there is nothing to do.
    IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'orleansstream') THEN
        CREATE SCHEMA orleansstream;
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS orleansstream.schema_versions (
    family text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (family, version)
);

COMMENT ON TABLE orleansstream.schema_versions IS 'The scripts of db/FAMILY that were applied to this database.';

-- One row per partition, rewritten by every append that touches the partition: it is the fence (leader_epoch), the log's end,
-- and the extent of its last segment. Half of every page stays free, so that a new version of a row fits beside the old one
-- and no index is touched.
CREATE TABLE IF NOT EXISTS orleansstream.logs (
    log_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic_id uuid NOT NULL,
    partition integer NOT NULL,
    leader_epoch integer NOT NULL,
    log_start bigint NOT NULL DEFAULT 0,
    log_end bigint NOT NULL DEFAULT 0,
    tail_bytes bigint NOT NULL DEFAULT 0,
    tail_max_timestamp bigint NOT NULL DEFAULT -1,
    tail_first_append bigint NOT NULL DEFAULT -1,
    UNIQUE (topic_id, partition),
    CHECK (log_start >= 0 AND log_start <= log_end)
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE orleansstream.logs IS 'The partitions'' logs. leader_epoch fences: an append carries the epoch of its opening and is refused when it is not this one.';
COMMENT ON COLUMN orleansstream.logs.log_end IS 'The offset that the next record gets.';
COMMENT ON COLUMN orleansstream.logs.tail_bytes IS 'Bytes of the log''s last segment; the other tail columns describe it too. Moved to the segment''s own row when the next one begins.';

-- A segment is a run of one log's batches within one extent. Retention deletes whole segments.
CREATE TABLE IF NOT EXISTS orleansstream.segments (
    log_id bigint NOT NULL,
    base_offset bigint NOT NULL,
    extent integer NOT NULL,
    size_bytes bigint NOT NULL DEFAULT 0,
    max_timestamp bigint NOT NULL DEFAULT -1,
    first_append bigint NOT NULL DEFAULT -1,
    PRIMARY KEY (log_id, base_offset)
);

CREATE INDEX IF NOT EXISTS segments_by_extent ON orleansstream.segments (extent);

COMMENT ON TABLE orleansstream.segments IS 'Runs of batches of one log. Size and times of a log''s last segment are in its row of logs.';

-- What lets an opening skip the batches below recovery_point.
CREATE TABLE IF NOT EXISTS orleansstream.checkpoints (
    log_id bigint PRIMARY KEY,
    recovery_point bigint NOT NULL,
    state bytea NOT NULL
) WITH (fillfactor = 50);

-- Batches lie in extents: tables of their own, each written by one connection of one silo until it is full, and dropped when
-- no segment lies in it any more. So writers never wait for each other, and deleting old data costs the same however much it was.
CREATE TABLE IF NOT EXISTS orleansstream.extents (
    extent integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    sealed_at timestamptz
);

COMMENT ON TABLE orleansstream.extents IS 'The tables extent_N. While a connection writes to one, it holds the advisory lock (1330796624, N).';

-- The parent of every extent: empty itself, and all batches of all logs when queried.
CREATE TABLE IF NOT EXISTS orleansstream.record_batches (
    log_id bigint NOT NULL,
    last_offset bigint NOT NULL,
    base_offset bigint NOT NULL,
    max_timestamp bigint NOT NULL,
    bytes bytea NOT NULL
);

-- Producers compress or do not; compressing again costs time and saves nothing.
ALTER TABLE orleansstream.record_batches ALTER COLUMN bytes SET STORAGE EXTERNAL;

COMMENT ON TABLE orleansstream.record_batches IS 'All batches that are stored, in the record batch format version 2. Rows below a log''s log_start are gone for readers.';

-- For people. Names of topics are in the cluster database, which may be another one, so these go by the topic's id.
CREATE OR REPLACE VIEW orleansstream.partition_logs AS
SELECT l.topic_id, l.partition, l.leader_epoch, l.log_start, l.log_end, l.log_end - l.log_start AS records,
       s.segments,
       CASE WHEN s.segments = 0 THEN 0 ELSE s.sealed_bytes + l.tail_bytes END AS size_bytes
FROM orleansstream.logs l
LEFT JOIN LATERAL (
    SELECT count(*) AS segments, sum(size_bytes) AS sealed_bytes
    FROM orleansstream.segments s WHERE s.log_id = l.log_id
) s ON true;

COMMENT ON VIEW orleansstream.partition_logs IS 'Extent and size of every partition''s log.';

CREATE OR REPLACE VIEW orleansstream.partition_batches AS
SELECT l.topic_id, l.partition, b.base_offset, b.last_offset, b.last_offset - b.base_offset + 1 AS records,
       CASE WHEN b.max_timestamp >= 0 THEN to_timestamp(b.max_timestamp / 1000.0) END AS newest_record_at,
       octet_length(b.bytes) AS size_bytes,
       CASE get_byte(substring(b.bytes FROM 23 FOR 1), 0) & 7 WHEN 0 THEN 'none' WHEN 1 THEN 'gzip' WHEN 2 THEN 'snappy' WHEN 3 THEN 'lz4' WHEN 4 THEN 'zstd' END AS compression,
       b.bytes
FROM orleansstream.record_batches b
JOIN orleansstream.logs l USING (log_id)
WHERE b.last_offset >= l.log_start;

COMMENT ON VIEW orleansstream.partition_batches IS 'Every batch that can be read, with its place and its bytes.';

INSERT INTO orleansstream.schema_versions (family, version) VALUES ('logs', 1) ON CONFLICT DO NOTHING;
