-- OrleansStream, cluster database, version 4: views for people and their tools. Their columns keep name and meaning; the
-- tables behind them may change with any version.

CREATE OR REPLACE VIEW orleansstream.topics AS
SELECT topic.name, topic.topic_id, topic.partition_count, topic.configuration, topic.created_at,
    (SELECT array_agg(DISTINCT range.store ORDER BY range.store) FROM orleansstream.catalog_partition_ranges AS range WHERE range.topic_id = topic.topic_id) AS stores
FROM orleansstream.catalog_topics AS topic;

COMMENT ON VIEW orleansstream.topics IS
    'The topics: number of partitions, settings that differ from the default (configuration ->> ''retention.ms''), and the stores that hold their logs.';

CREATE OR REPLACE VIEW orleansstream.consumer_groups AS
SELECT group_id, generation, member_count FROM orleansstream.group_states;

COMMENT ON VIEW orleansstream.consumer_groups IS 'The consumer groups, the generation of their assignment, and how many members they have.';

CREATE OR REPLACE VIEW orleansstream.committed_offsets AS
SELECT committed.group_id, topic.name AS topic, committed.topic_id, committed.partition, committed.next_offset, committed.metadata, committed.committed_at
FROM orleansstream.group_offsets AS committed
JOIN orleansstream.catalog_topics AS topic USING (topic_id);

COMMENT ON VIEW orleansstream.committed_offsets IS 'What the groups have committed: next_offset is the first offset that the group has not done.';

CREATE OR REPLACE VIEW orleansstream.silos AS
SELECT member.DeploymentId AS cluster, member.SiloName AS name,
    CASE member.Status
        WHEN 1 THEN 'created' WHEN 2 THEN 'joining' WHEN 3 THEN 'active' WHEN 4 THEN 'shutting down' WHEN 5 THEN 'stopping' WHEN 6 THEN 'dead'
        ELSE 'unknown'
    END AS status,
    member.HostName AS host, address.text || ':' || member.Port AS silo_endpoint,
    CASE WHEN member.ProxyPort > 0 THEN address.text || ':' || member.ProxyPort END AS gateway_endpoint,
    member.StartTime AS started_at, member.IAmAliveTime AS alive_at
FROM orleansstream.OrleansMembershipTable AS member
CROSS JOIN LATERAL (SELECT CASE WHEN member.Address LIKE '%:%' THEN '[' || member.Address || ']' ELSE member.Address END AS text) AS address;

COMMENT ON VIEW orleansstream.silos IS
    'The silos, the dead ones of the last days among them. Clients connect to the gateway_endpoint of those that are active; alive_at is their last sign of life.';

INSERT INTO orleansstream.schema_versions (family, version) VALUES ('cluster', 4) ON CONFLICT DO NOTHING;
