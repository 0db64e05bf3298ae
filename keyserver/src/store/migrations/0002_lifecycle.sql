-- A key past its date is stored as deactivated (3); what the server does by itself finds its keys by index.

CREATE TABLE keys_of_all_states (
    id           BLOB PRIMARY KEY,
    instance     BLOB NOT NULL REFERENCES instances (id),
    ring         TEXT NOT NULL,
    name         TEXT NOT NULL,
    description  TEXT,
    tags         TEXT NOT NULL,
    extractable  INTEGER NOT NULL,
    imported     INTEGER NOT NULL,
    bits         INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    expires_at   INTEGER,
    updated_at   INTEGER,
    rotated_at   INTEGER,
    state        INTEGER NOT NULL CHECK (state IN (1, 2, 3, 5)),
    state_since  INTEGER NOT NULL,
    notified_at  INTEGER,
    deleted_at   INTEGER,
    deleted_by   TEXT,
    revision     INTEGER NOT NULL
);
INSERT INTO keys_of_all_states
    SELECT id, instance, ring, name, description, tags, extractable, imported, bits, created_at, created_by, expires_at,
        updated_at, rotated_at, state, state_since, NULL, deleted_at, deleted_by, revision
    FROM keys;
DROP TABLE keys;
ALTER TABLE keys_of_all_states RENAME TO keys;
CREATE INDEX keys_by_instance ON keys (instance, id);
CREATE INDEX keys_by_deletion ON keys (deleted_at) WHERE state = 5;
CREATE INDEX keys_by_expiry ON keys (expires_at) WHERE state = 1;
