-- Service instances of every kind live in `instances`; before this there were those of Key Protect alone.
-- `tags` is a JSON list of texts; `revision` counts changes. A plan's id is kept, never its name.

ALTER TABLE instances ADD COLUMN service TEXT NOT NULL DEFAULT 'kms';
ALTER TABLE instances ADD COLUMN plan BLOB NOT NULL DEFAULT x'eedd358590c64c8fbe3d062069e99fc3';
ALTER TABLE instances ADD COLUMN resource_group TEXT NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN key_instance BLOB;
ALTER TABLE instances ADD COLUMN key_id BLOB;
ALTER TABLE instances ADD COLUMN allow_cleanup INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instances ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instances ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE instances ADD COLUMN state TEXT NOT NULL DEFAULT 'active';
ALTER TABLE instances ADD COLUMN last_operation TEXT NOT NULL DEFAULT 'create';
ALTER TABLE instances ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN updated_at INTEGER;
ALTER TABLE instances ADD COLUMN updated_by TEXT;
ALTER TABLE instances ADD COLUMN reclamation BLOB;
ALTER TABLE instances ADD COLUMN deleted_at INTEGER;
ALTER TABLE instances ADD COLUMN deleted_by TEXT;
ALTER TABLE instances ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
CREATE INDEX instances_by_account ON instances (account, created_at);

-- Names are the bytes of their UTF-8 text, so that their order is the order of the bytes.
CREATE TABLE objects (
    instance   BLOB NOT NULL REFERENCES instances (id),
    name       BLOB NOT NULL,
    size       INTEGER NOT NULL,
    checksum   BLOB NOT NULL,
    file       TEXT NOT NULL UNIQUE,
    stored_at  INTEGER NOT NULL,
    stored_by  TEXT NOT NULL,
    PRIMARY KEY (instance, name)
) WITHOUT ROWID;

-- Files that hold no object: about to become one, or no longer one. What is still here after a crash is removed.
CREATE TABLE loose_files (
    file  TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE INDEX events_by_instance ON events (instance, at);
