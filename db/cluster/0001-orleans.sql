-- OrleansStream, cluster database, version 1: the room, and what Orleans' providers need.

DO $$
BEGIN
    -- Not CREATE SCHEMA IF NOT EXISTS: that asks for the right to create schemas even where there is nothing to do.
    IF to_regnamespace('orleansstream') IS NULL THEN
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

INSERT INTO orleansstream.schema_versions (family, version) VALUES ('cluster', 1) ON CONFLICT DO NOTHING;
