-- Users beside service IDs, and API keys of both: `owner` is an IAM id. What is locked is not changed until it is unlocked.

CREATE TABLE users (
    iam_id       TEXT PRIMARY KEY,
    account      TEXT NOT NULL,
    email        TEXT NOT NULL COLLATE NOCASE,
    first_name   TEXT NOT NULL,
    last_name    TEXT NOT NULL,
    active       INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    UNIQUE (account, email)
);

ALTER TABLE service_ids ADD COLUMN modified_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE service_ids ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE service_ids ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
UPDATE service_ids SET modified_at = created_at;

CREATE TABLE api_keys_of_all (
    id           BLOB PRIMARY KEY,
    account      TEXT NOT NULL,
    owner        TEXT NOT NULL,
    name         TEXT NOT NULL,
    description  TEXT,
    digest       BLOB NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    modified_at  INTEGER NOT NULL,
    expires_at   INTEGER,
    disabled     INTEGER NOT NULL,
    locked       INTEGER NOT NULL,
    revision     INTEGER NOT NULL
);
INSERT INTO api_keys_of_all (id, account, owner, name, description, digest, created_at, created_by, modified_at, disabled,
        locked, revision)
    SELECT api_keys.id, service_ids.account,
        'iam-ServiceId-' || lower(substr(hex(service_ids.id), 1, 8) || '-' || substr(hex(service_ids.id), 9, 4) || '-'
            || substr(hex(service_ids.id), 13, 4) || '-' || substr(hex(service_ids.id), 17, 4) || '-'
            || substr(hex(service_ids.id), 21)),
        api_keys.name, api_keys.description, digest, api_keys.created_at, created_by, api_keys.created_at, 0, 0, 1
    FROM api_keys JOIN service_ids ON service_ids.id = api_keys.service_id ORDER BY api_keys.rowid;
DROP TABLE api_keys;
ALTER TABLE api_keys_of_all RENAME TO api_keys;
CREATE INDEX api_keys_by_owner ON api_keys (owner);
