-- The keys by which the dashboards of all silos read each other's sign-in cookies, so that a session outlives the silo that began it.

CREATE TABLE IF NOT EXISTS orleansstream.dashboard_keys (
    name text COLLATE "C" PRIMARY KEY,
    xml text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE orleansstream.dashboard_keys IS 'Secret: whoever reads these keys can make sign-in cookies of the dashboard.';

INSERT INTO orleansstream.schema_versions (family, version) VALUES ('cluster', 6) ON CONFLICT DO NOTHING;
