-- OrleansStream, cluster database, version 5: what people decided about where partitions live, and the history of moves.

CREATE TABLE IF NOT EXISTS orleansstream.placement_version (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    version bigint NOT NULL
) WITH (fillfactor = 20);

COMMENT ON TABLE orleansstream.placement_version IS 'Raised by every change of a pin or a drained silo; silos read the decisions again when they see another version.';

INSERT INTO orleansstream.placement_version (version) VALUES (1) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS orleansstream.placement_pins (
    topic_id uuid NOT NULL REFERENCES orleansstream.catalog_topics ON DELETE CASCADE,
    partition integer NOT NULL CHECK (partition >= 0),
    silo text COLLATE "C" NOT NULL,
    PRIMARY KEY (topic_id, partition)
);

COMMENT ON COLUMN orleansstream.placement_pins.silo IS 'A silo''s name or host:port, as it was given.';

CREATE TABLE IF NOT EXISTS orleansstream.placement_drained_silos (
    silo text COLLATE "C" PRIMARY KEY
);

-- Written once and read by people. The uniqueness makes a repeated write, whose first answer was lost, harmless.
CREATE TABLE IF NOT EXISTS orleansstream.placement_moves (
    move bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic_id uuid NOT NULL,
    partition integer NOT NULL,
    from_silo text COLLATE "C" NOT NULL,
    to_silo text COLLATE "C" NOT NULL,
    reason integer NOT NULL,
    unavailable interval NOT NULL,
    moved_at timestamptz NOT NULL,
    UNIQUE (topic_id, partition, moved_at, from_silo)
);

COMMENT ON TABLE orleansstream.placement_moves IS 'The last 5,000 partitions that went from silo to silo.';

CREATE OR REPLACE VIEW orleansstream.partition_moves AS
SELECT move.move, move.moved_at, topic.name AS topic, move.topic_id, move.partition, move.from_silo, move.to_silo,
    CASE move.reason
        WHEN 0 THEN 'joined' WHEN 1 THEN 'left' WHEN 2 THEN 'failed' WHEN 3 THEN 'drained' WHEN 4 THEN 'undrained' WHEN 5 THEN 'pinned'
        WHEN 6 THEN 'unpinned' WHEN 7 THEN 'resized' ELSE 'unknown'
    END AS reason,
    move.unavailable
FROM orleansstream.placement_moves AS move
LEFT JOIN orleansstream.catalog_topics AS topic USING (topic_id);

COMMENT ON VIEW orleansstream.partition_moves IS 'The partitions that went from silo to silo, why, and how long nobody served them.';

INSERT INTO orleansstream.schema_versions (family, version) VALUES ('cluster', 5) ON CONFLICT DO NOTHING;
