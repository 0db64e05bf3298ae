-- Keys that sign access tokens, each from a moment on until the next one does. `sealed` is under the master key.

CREATE TABLE signing_keys (
    id          TEXT PRIMARY KEY,
    signs_from  INTEGER NOT NULL,
    sealed      BLOB NOT NULL
);
INSERT INTO signing_keys (id, signs_from, sealed)
    SELECT signing_key_id, service_ids.created_at, signing_key
    FROM installation JOIN service_ids ON service_ids.id = installation.administrator;
ALTER TABLE installation DROP COLUMN signing_key_id;
ALTER TABLE installation DROP COLUMN signing_key;
