-- What the owner of a key or of an instance laid down; one row of each kind.

-- `authorized_by` and `authorized_until` are the first of the two consents that a deletion under `dualAuthDelete` needs.
CREATE TABLE key_policies (
    id                BLOB PRIMARY KEY,
    key_id            BLOB NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    kind              TEXT NOT NULL CHECK (kind IN ('rotation', 'dualAuthDelete')),
    enabled           INTEGER NOT NULL,
    interval_month    INTEGER CHECK (interval_month BETWEEN 1 AND 12),
    authorized_by     TEXT,
    authorized_until  INTEGER,
    created_at        INTEGER NOT NULL,
    created_by        TEXT NOT NULL,
    updated_at        INTEGER NOT NULL,
    updated_by        TEXT NOT NULL,
    UNIQUE (key_id, kind)
);
