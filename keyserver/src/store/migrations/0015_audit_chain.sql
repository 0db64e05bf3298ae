-- Audit events in chains, one of each writer, and the signed checkpoints of how far they have come. Events from before there were
-- chains become the chain of writer 0, without hashes of their own; the first checkpoint of that chain signs them as they are.

DROP TRIGGER events_are_not_changed;
DROP TRIGGER events_are_not_removed;
ALTER TABLE events RENAME TO events_before;
CREATE TABLE events (
    writer       BLOB NOT NULL,
    sequence     INTEGER NOT NULL,
    hash         BLOB,
    at           INTEGER NOT NULL,
    instance     BLOB,
    key_id       BLOB,
    initiator    TEXT NOT NULL,
    action       TEXT NOT NULL,
    failed       INTEGER NOT NULL,
    correlation  BLOB NOT NULL,
    event        TEXT NOT NULL,
    PRIMARY KEY (writer, sequence)
);
INSERT INTO events
    SELECT zeroblob(16), row_number() OVER (ORDER BY sequence), NULL, at, instance,
        unhex(replace(json_extract(event, '$.responseData.keyId'), '-', '')),
        json_extract(event, '$.initiator.id'), action, json_extract(event, '$.outcome') <> 'success',
        unhex(replace(json_extract(event, '$.correlationId'), '-', '')), event
    FROM events_before ORDER BY sequence;
DROP TABLE events_before;
-- Written at its end only, as time goes on; holds all that events are looked for by, so that a search reads nothing else.
CREATE INDEX events_by_time ON events (at, writer, sequence, instance, key_id, initiator, action, failed, correlation);
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;
CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;

CREATE TABLE audit_checkpoints (
    number     INTEGER PRIMARY KEY,
    previous   BLOB NOT NULL,
    writer     BLOB NOT NULL,
    sequence   INTEGER NOT NULL,
    hash       BLOB NOT NULL,
    at         INTEGER NOT NULL,
    key        BLOB NOT NULL,
    signature  BLOB NOT NULL
);
CREATE INDEX audit_checkpoints_by_writer ON audit_checkpoints (writer, number);
CREATE TRIGGER audit_checkpoints_are_not_changed BEFORE UPDATE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END;
CREATE TRIGGER audit_checkpoints_are_not_removed BEFORE DELETE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END;

-- The key that signs checkpoints; `sealed` is under the master key.
CREATE TABLE audit_keys (
    only        INTEGER PRIMARY KEY CHECK (only = 1),
    public_key  BLOB NOT NULL,
    sealed      BLOB NOT NULL
);
