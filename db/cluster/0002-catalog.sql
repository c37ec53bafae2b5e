-- OrleansStream, cluster database, version 2: the catalog. Names sort by their bytes, that is by code point.

CREATE TABLE IF NOT EXISTS orleansstream.catalog_cluster (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    cluster_id text COLLATE "C" NOT NULL,
    next_producer_id bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);

COMMENT ON COLUMN orleansstream.catalog_cluster.next_producer_id IS 'Silos reserve blocks of ids; every id below this one was given out.';

-- 22 characters of URL-safe base64, the form that Kafka's cluster ids have.
INSERT INTO orleansstream.catalog_cluster (cluster_id)
VALUES (translate(rtrim(encode(uuid_send(gen_random_uuid()), 'base64'), '='), '+/', '-_'))
ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS orleansstream.catalog_topics (
    topic_id uuid PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    partition_count integer NOT NULL CHECK (partition_count > 0),
    configuration jsonb NOT NULL,
    created_at timestamptz NOT NULL
);

-- A topic's partitions from first_partition on, up to the next range, have their logs in this store. The ranges of a deleted
-- topic stay until its logs are gone: they alone tell where those lie.
CREATE TABLE IF NOT EXISTS orleansstream.catalog_partition_ranges (
    topic_id uuid NOT NULL,
    first_partition integer NOT NULL CHECK (first_partition >= 0),
    store text COLLATE "C" NOT NULL,
    PRIMARY KEY (topic_id, first_partition)
);

CREATE TABLE IF NOT EXISTS orleansstream.catalog_deleted_topics (
    deletion bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic_id uuid NOT NULL UNIQUE,
    partition_count integer NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE orleansstream.catalog_deleted_topics IS 'Topics whose logs are to be deleted.';

INSERT INTO orleansstream.schema_versions (family, version) VALUES ('cluster', 2) ON CONFLICT DO NOTHING;
