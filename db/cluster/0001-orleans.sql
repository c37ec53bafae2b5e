-- OrleansStream, cluster database, version 1: the schema, and what Orleans' AdoNet providers for clustering, grain storage and
-- reminders need. They find every statement by its key in OrleansQuery and bring the parameters; the statements are ours.
-- The tables have the names that administrators of Orleans know.

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

CREATE TABLE IF NOT EXISTS orleansstream.OrleansQuery (
    QueryKey text COLLATE "C" PRIMARY KEY,
    QueryText text NOT NULL
);

-- Membership: a handful of rows, read and rewritten every few seconds for ever. Room on the page keeps their updates off the
-- indexes, and vacuum comes by the count of dead rows, since a share of so few rows says nothing.

CREATE TABLE IF NOT EXISTS orleansstream.OrleansMembershipVersionTable (
    DeploymentId text COLLATE "C" PRIMARY KEY,
    Timestamp timestamptz NOT NULL DEFAULT now(),
    Version integer NOT NULL DEFAULT 0
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);

CREATE TABLE IF NOT EXISTS orleansstream.OrleansMembershipTable (
    DeploymentId text COLLATE "C" NOT NULL,
    Address text COLLATE "C" NOT NULL,
    Port integer NOT NULL,
    Generation integer NOT NULL,
    SiloName text NOT NULL,
    HostName text NOT NULL,
    Status integer NOT NULL,
    ProxyPort integer NOT NULL,
    SuspectTimes text,
    StartTime timestamptz NOT NULL,
    IAmAliveTime timestamptz NOT NULL,
    PRIMARY KEY (DeploymentId, Address, Port, Generation)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);

COMMENT ON TABLE orleansstream.OrleansMembershipTable IS 'The silos of each cluster as Orleans keeps them; the view silos is easier to read.';

-- Grain storage. The index is unique, so that of two activations which both believe to be first only one writes. The key's
-- text enters it as a digest, because a grain may have a longer key than an index entry holds.

CREATE TABLE IF NOT EXISTS orleansstream.OrleansStorage (
    GrainIdHash integer NOT NULL,
    GrainIdN0 bigint NOT NULL,
    GrainIdN1 bigint NOT NULL,
    GrainTypeHash integer NOT NULL,
    GrainTypeString text COLLATE "C" NOT NULL,
    GrainIdExtensionString text COLLATE "C" NOT NULL,
    ServiceId text COLLATE "C" NOT NULL,
    PayloadBinary bytea,
    ModifiedOn timestamptz NOT NULL DEFAULT now(),
    Version integer NOT NULL
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX IF NOT EXISTS OrleansStorage_by_grain ON orleansstream.OrleansStorage
    (GrainIdHash, GrainTypeHash, GrainIdN0, GrainIdN1, ServiceId, GrainTypeString, md5(GrainIdExtensionString));

COMMENT ON COLUMN orleansstream.OrleansStorage.PayloadBinary IS 'The state as the silo''s serializer wrote it; null when it was cleared.';

CREATE TABLE IF NOT EXISTS orleansstream.OrleansRemindersTable (
    ServiceId text COLLATE "C" NOT NULL,
    GrainId text COLLATE "C" NOT NULL,
    ReminderName text COLLATE "C" NOT NULL,
    StartTime timestamptz NOT NULL,
    Period bigint NOT NULL,
    GrainHash integer NOT NULL,
    Version integer NOT NULL,
    PRIMARY KEY (ServiceId, GrainId, ReminderName)
);

CREATE INDEX IF NOT EXISTS OrleansRemindersTable_by_hash ON orleansstream.OrleansRemindersTable (ServiceId, GrainHash);

COMMENT ON COLUMN orleansstream.OrleansRemindersTable.Period IS 'In milliseconds.';

INSERT INTO orleansstream.OrleansQuery (QueryKey, QueryText) VALUES

('InsertMembershipVersionKey', $sql$
WITH added AS (
    INSERT INTO orleansstream.OrleansMembershipVersionTable (DeploymentId) VALUES (@DeploymentId)
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT EXISTS (SELECT 1 FROM added)
$sql$),

-- Every change of membership takes the next version of the whole table: whoever read an older one gets false and reads again.
-- The lock on the version's row makes writers queue, so what was true of the members at that version still is.
('InsertMembershipKey', $sql$
WITH claimed AS (
    UPDATE orleansstream.OrleansMembershipVersionTable SET Version = Version + 1, Timestamp = now()
    WHERE DeploymentId = @DeploymentId AND Version = @Version AND NOT EXISTS (
        SELECT 1 FROM orleansstream.OrleansMembershipTable
        WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation)
    RETURNING DeploymentId
), added AS (
    INSERT INTO orleansstream.OrleansMembershipTable
        (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
    SELECT DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM claimed
    RETURNING 1
)
SELECT EXISTS (SELECT 1 FROM added)
$sql$),

('UpdateMembershipKey', $sql$
WITH claimed AS (
    UPDATE orleansstream.OrleansMembershipVersionTable SET Version = Version + 1, Timestamp = now()
    WHERE DeploymentId = @DeploymentId AND Version = @Version AND EXISTS (
        SELECT 1 FROM orleansstream.OrleansMembershipTable
        WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation)
    RETURNING DeploymentId
), changed AS (
    UPDATE orleansstream.OrleansMembershipTable AS member
    SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime
    FROM claimed
    WHERE member.DeploymentId = claimed.DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
    RETURNING 1
)
SELECT EXISTS (SELECT 1 FROM changed)
$sql$),

-- The sign of life alone changes no version: nobody decides anything by it but how old an entry is.
('UpdateIAmAlivetimeKey', $sql$
UPDATE orleansstream.OrleansMembershipTable SET IAmAliveTime = @IAmAliveTime
WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
$sql$),

-- The version comes along even when there is no such member, with nulls for it.
('MembershipReadRowKey', $sql$
SELECT cluster.Version, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, SuspectTimes, StartTime, IAmAliveTime
FROM orleansstream.OrleansMembershipVersionTable AS cluster
LEFT JOIN orleansstream.OrleansMembershipTable AS member ON member.DeploymentId = cluster.DeploymentId
    AND Address = @Address AND Port = @Port AND Generation = @Generation
WHERE cluster.DeploymentId = @DeploymentId
$sql$),

('MembershipReadAllKey', $sql$
SELECT cluster.Version, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, SuspectTimes, StartTime, IAmAliveTime
FROM orleansstream.OrleansMembershipVersionTable AS cluster
LEFT JOIN orleansstream.OrleansMembershipTable AS member ON member.DeploymentId = cluster.DeploymentId
WHERE cluster.DeploymentId = @DeploymentId
$sql$),

('GatewaysQueryKey', $sql$
SELECT Address, ProxyPort, Generation FROM orleansstream.OrleansMembershipTable
WHERE DeploymentId = @DeploymentId AND Status = @Status AND ProxyPort > 0
$sql$),

('DeleteMembershipTableEntriesKey', $sql$
WITH members AS (DELETE FROM orleansstream.OrleansMembershipTable WHERE DeploymentId = @DeploymentId)
DELETE FROM orleansstream.OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId
$sql$),

-- Only the dead (6) are cleaned up. The second statement also asks that the entry is still the one that was judged; releases
-- of Orleans that know it prefer it.
('CleanupDefunctSiloEntriesKey', $sql$
DELETE FROM orleansstream.OrleansMembershipTable
WHERE DeploymentId = @DeploymentId AND Status = 6 AND IAmAliveTime < @IAmAliveTime
$sql$),

('CleanupDefunctSiloEntryKey', $sql$
DELETE FROM orleansstream.OrleansMembershipTable
WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
    AND Status = 6 AND StartTime = @StartTime AND IAmAliveTime = @IAmAliveTime
    AND coalesce(SuspectTimes, '') = coalesce(@SuspectTimes, '')
$sql$),

-- No row comes back when the state has another version than the writer knows: that is how it learns of the conflict.
('WriteToStorageKey', $sql$
WITH changed AS (
    UPDATE orleansstream.OrleansStorage SET PayloadBinary = @PayloadBinary, ModifiedOn = now(), Version = Version + 1
    WHERE GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
        AND ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString
        AND md5(GrainIdExtensionString) = md5(coalesce(@GrainIdExtensionString, '')) AND GrainIdExtensionString = coalesce(@GrainIdExtensionString, '')
        AND Version = @GrainStateVersion
    RETURNING Version
), added AS (
    INSERT INTO orleansstream.OrleansStorage
        (GrainIdHash, GrainIdN0, GrainIdN1, GrainTypeHash, GrainTypeString, GrainIdExtensionString, ServiceId, PayloadBinary, Version)
    SELECT @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainTypeHash, @GrainTypeString, coalesce(@GrainIdExtensionString, ''), @ServiceId, @PayloadBinary, 1
    WHERE @GrainStateVersion IS NULL
    ON CONFLICT DO NOTHING
    RETURNING Version
)
SELECT Version AS NewGrainStateVersion FROM changed
UNION ALL
SELECT Version FROM added
$sql$),

('ReadFromStorageKey', $sql$
SELECT PayloadBinary, Version FROM orleansstream.OrleansStorage
WHERE GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
    AND ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString
    AND md5(GrainIdExtensionString) = md5(coalesce(@GrainIdExtensionString, '')) AND GrainIdExtensionString = coalesce(@GrainIdExtensionString, '')
$sql$),

('ClearStorageKey', $sql$
UPDATE orleansstream.OrleansStorage SET PayloadBinary = NULL, ModifiedOn = now(), Version = Version + 1
WHERE GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
    AND ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString
    AND md5(GrainIdExtensionString) = md5(coalesce(@GrainIdExtensionString, '')) AND GrainIdExtensionString = coalesce(@GrainIdExtensionString, '')
    AND Version = @GrainStateVersion
RETURNING Version AS NewGrainStateVersion
$sql$),

-- The provider takes the answer for a new version, which must differ from the old one.
('DeleteStorageKey', $sql$
DELETE FROM orleansstream.OrleansStorage
WHERE GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
    AND ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString
    AND md5(GrainIdExtensionString) = md5(coalesce(@GrainIdExtensionString, '')) AND GrainIdExtensionString = coalesce(@GrainIdExtensionString, '')
    AND Version = @GrainStateVersion
RETURNING Version + 1 AS NewGrainStateVersion
$sql$),

('UpsertReminderRowKey', $sql$
INSERT INTO orleansstream.OrleansRemindersTable AS reminder (ServiceId, GrainId, ReminderName, StartTime, Period, GrainHash, Version)
VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
ON CONFLICT (ServiceId, GrainId, ReminderName) DO UPDATE SET
    StartTime = excluded.StartTime, Period = excluded.Period, GrainHash = excluded.GrainHash, Version = reminder.Version + 1
RETURNING Version
$sql$),

('ReadReminderRowsKey', $sql$
SELECT GrainId, ReminderName, StartTime, Period, Version FROM orleansstream.OrleansRemindersTable
WHERE ServiceId = @ServiceId AND GrainId = @GrainId
$sql$),

('ReadReminderRowKey', $sql$
SELECT GrainId, ReminderName, StartTime, Period, Version FROM orleansstream.OrleansRemindersTable
WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName
$sql$),

-- A range of the hash ring, open at its beginning: the first form within the numbers, the second across their end.
('ReadRangeRows1Key', $sql$
SELECT GrainId, ReminderName, StartTime, Period, Version FROM orleansstream.OrleansRemindersTable
WHERE ServiceId = @ServiceId AND GrainHash > @BeginHash AND GrainHash <= @EndHash
$sql$),

('ReadRangeRows2Key', $sql$
SELECT GrainId, ReminderName, StartTime, Period, Version FROM orleansstream.OrleansRemindersTable
WHERE ServiceId = @ServiceId AND (GrainHash > @BeginHash OR GrainHash <= @EndHash)
$sql$),

('DeleteReminderRowKey', $sql$
WITH deleted AS (
    DELETE FROM orleansstream.OrleansRemindersTable
    WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName AND Version = @Version
    RETURNING 1
)
SELECT EXISTS (SELECT 1 FROM deleted)
$sql$),

('DeleteReminderRowsKey', $sql$
DELETE FROM orleansstream.OrleansRemindersTable WHERE ServiceId = @ServiceId
$sql$)

ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText;

INSERT INTO orleansstream.schema_versions (family, version) VALUES ('cluster', 1) ON CONFLICT DO NOTHING;
