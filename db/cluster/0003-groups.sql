-- OrleansStream, cluster database, version 3: consumer groups.

-- A sequence never goes back, so no version is used twice, not even by a group that was deleted and created anew.
CREATE SEQUENCE IF NOT EXISTS orleansstream.group_versions;

CREATE TABLE IF NOT EXISTS orleansstream.group_states (
    group_id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    generation integer NOT NULL,
    member_count integer NOT NULL,
    state text NOT NULL
) WITH (fillfactor = 50);

COMMENT ON TABLE orleansstream.group_states IS 'What the groups'' coordinators need to go on. Each write takes a new version, and that fences a coordinator that was replaced.';

-- Rewritten by every commit and never moved: half of every page stays free, so that a new version of a row fits beside the old
-- one and no index is touched; vacuum comes early, since a group may commit all its rows several times a second.
CREATE TABLE IF NOT EXISTS orleansstream.group_offsets (
    group_id text COLLATE "C" NOT NULL,
    topic_id uuid NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    next_offset bigint NOT NULL CHECK (next_offset >= 0),
    metadata text NOT NULL DEFAULT '',
    leader_epoch integer NOT NULL DEFAULT -1,
    committed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (group_id, topic_id, partition)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

-- For deleting a topic.
CREATE INDEX IF NOT EXISTS group_offsets_by_topic ON orleansstream.group_offsets (topic_id);

COMMENT ON TABLE orleansstream.group_offsets IS 'The offset that each group consumes next, by topic id, so that a topic created again starts without offsets.';

INSERT INTO orleansstream.schema_versions (family, version) VALUES ('cluster', 3) ON CONFLICT DO NOTHING;
