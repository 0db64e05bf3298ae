-- `version_id` is the version that the resource's data keys are wrapped under.
CREATE TABLE registrations (
    key_id                BLOB NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    resource_crn          TEXT NOT NULL,
    created_at            INTEGER NOT NULL,
    created_by            TEXT NOT NULL,
    updated_at            INTEGER NOT NULL,
    updated_by            TEXT NOT NULL,
    description           TEXT,
    prevent_key_deletion  INTEGER NOT NULL,
    version_id            BLOB NOT NULL REFERENCES key_versions (id) ON DELETE CASCADE,
    PRIMARY KEY (key_id, resource_crn)
);
CREATE INDEX registrations_by_resource ON registrations (resource_crn);

-- The ring `default` is in every instance and in no row.
CREATE TABLE key_rings (
    instance    BLOB NOT NULL REFERENCES instances (id),
    id          TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL,
    PRIMARY KEY (instance, id)
);
