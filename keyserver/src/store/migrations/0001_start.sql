-- Instants are milliseconds since 1970 UTC; UUIDs and digests are blobs. Nothing here is secret in the clear.

CREATE TABLE installation (
    only            INTEGER PRIMARY KEY CHECK (only = 1),
    account         TEXT NOT NULL,
    region          TEXT NOT NULL,
    administrator   BLOB NOT NULL REFERENCES service_ids (id),
    signing_key_id  TEXT NOT NULL,
    signing_key     BLOB NOT NULL
);

CREATE TABLE instances (
    id          BLOB PRIMARY KEY,
    name        TEXT NOT NULL,
    region      TEXT NOT NULL,
    account     TEXT NOT NULL,
    created_at  INTEGER NOT NULL
);

CREATE TABLE service_ids (
    id           BLOB PRIMARY KEY,
    name         TEXT NOT NULL,
    description  TEXT,
    account      TEXT NOT NULL,
    created_at   INTEGER NOT NULL
);

CREATE TABLE api_keys (
    id           BLOB PRIMARY KEY,
    name         TEXT NOT NULL,
    description  TEXT,
    service_id   BLOB NOT NULL REFERENCES service_ids (id),
    digest       BLOB NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL
);

-- `roles` is a JSON list of role CRNs.
CREATE TABLE policies (
    id           BLOB PRIMARY KEY,
    description  TEXT,
    subject      TEXT NOT NULL,
    roles        TEXT NOT NULL,
    account      TEXT NOT NULL,
    service      TEXT,
    instance     BLOB REFERENCES instances (id),
    key_id       BLOB,
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL
);
CREATE INDEX policies_by_subject ON policies (subject);

-- `tags` is a JSON list of texts.
CREATE TABLE keys (
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
    state        INTEGER NOT NULL CHECK (state IN (1, 2, 5)),
    state_since  INTEGER NOT NULL,
    deleted_at   INTEGER,
    deleted_by   TEXT,
    revision     INTEGER NOT NULL
);
CREATE INDEX keys_by_instance ON keys (instance, id);

CREATE TABLE key_versions (
    key_id      BLOB NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    id          BLOB NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL,
    material    BLOB NOT NULL,
    PRIMARY KEY (key_id, number)
);

CREATE TABLE aliases (
    instance  BLOB NOT NULL REFERENCES instances (id),
    alias     TEXT NOT NULL,
    key_id    BLOB NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    PRIMARY KEY (instance, alias)
);
CREATE INDEX aliases_by_key ON aliases (key_id);

CREATE TABLE sign_in_codes (
    digest   BLOB PRIMARY KEY,
    expires  INTEGER NOT NULL
);

CREATE TABLE sessions (
    digest      BLOB PRIMARY KEY,
    service_id  BLOB NOT NULL REFERENCES service_ids (id),
    expires     INTEGER NOT NULL
);

CREATE TABLE events (
    sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
    id        BLOB NOT NULL UNIQUE,
    at        INTEGER NOT NULL,
    instance  BLOB,
    action    TEXT NOT NULL,
    event     TEXT NOT NULL
);
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;
CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;
