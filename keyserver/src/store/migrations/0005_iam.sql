-- Policies say who (an IAM id, or the instances of a service) has which roles on what. `roles` is a JSON list of role CRNs,
-- `operates` a JSON list of CRNs. A policy outlives the instance that it names: ids of instances are never used again.

CREATE TABLE policies_of_all_types (
    id                    BLOB PRIMARY KEY,
    state                 TEXT NOT NULL CHECK (state IN ('active', 'deleted')),
    description           TEXT,
    roles                 TEXT NOT NULL,
    subject               TEXT,
    source_service        TEXT,
    source_group          TEXT,
    source_instance       BLOB,
    source_resource_type  TEXT,
    account               TEXT NOT NULL,
    service_type          TEXT,
    service               TEXT,
    instance              BLOB,
    ring                  TEXT,
    key_id                BLOB,
    created_at            INTEGER NOT NULL,
    created_by            TEXT NOT NULL,
    modified_at           INTEGER NOT NULL,
    modified_by           TEXT NOT NULL,
    revision              INTEGER NOT NULL,
    -- An access policy or an authorization, and of the latter one kind of source.
    CHECK ((subject IS NOT NULL) + (source_service IS NOT NULL) + (source_group IS NOT NULL) = 1)
);
INSERT INTO policies_of_all_types (id, state, description, roles, subject, account, service, instance, key_id,
        created_at, created_by, modified_at, modified_by, revision)
    SELECT id, 'active', description, roles, subject, account, service, instance, key_id,
        created_at, created_by, created_at, created_by, 1
    FROM policies ORDER BY rowid;
DROP TABLE policies;
ALTER TABLE policies_of_all_types RENAME TO policies;
CREATE INDEX policies_by_subject ON policies (subject) WHERE subject IS NOT NULL;
CREATE INDEX policies_by_source ON policies (account, source_service) WHERE subject IS NULL;
-- Of two policies that say the same, removing one would change nothing.
CREATE UNIQUE INDEX policies_differ ON policies (account, roles, ifnull(subject, ''), ifnull(source_service, ''),
    ifnull(source_group, ''), ifnull(source_instance, x''), ifnull(source_resource_type, ''), ifnull(service_type, ''),
    ifnull(service, ''), ifnull(instance, x''), ifnull(ring, ''), ifnull(key_id, x'')) WHERE state = 'active';

ALTER TABLE service_ids ADD COLUMN operates TEXT NOT NULL DEFAULT '[]';
