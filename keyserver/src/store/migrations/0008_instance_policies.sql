-- What the owner of an instance laid down for all of it. `attributes` is a JSON object; `revision` counts changes, so that two
-- writers cannot overwrite each other.
CREATE TABLE instance_policies (
    instance    BLOB NOT NULL REFERENCES instances (id),
    kind        TEXT NOT NULL,
    enabled     INTEGER NOT NULL,
    attributes  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL,
    updated_at  INTEGER NOT NULL,
    updated_by  TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    PRIMARY KEY (instance, kind)
);
