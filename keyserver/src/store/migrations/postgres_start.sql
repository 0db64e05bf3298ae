-- The tables of a PostgreSQL database as they are after change 15, with which PostgreSQL began: the same columns as in SQLite.
-- Instants are milliseconds since 1970 UTC; UUIDs and digests are bytes; texts compare by their bytes. Nothing here is secret in
-- the clear.

CREATE TABLE service_ids (
    id           BYTEA PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL,
    description  TEXT COLLATE "C",
    account      TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    operates     TEXT COLLATE "C" NOT NULL,
    modified_at  BIGINT NOT NULL,
    locked       BOOLEAN NOT NULL,
    revision     BIGINT NOT NULL
);

CREATE TABLE installation (
    "only"         BIGINT PRIMARY KEY CHECK ("only" = 1),
    account        TEXT COLLATE "C" NOT NULL,
    region         TEXT COLLATE "C" NOT NULL,
    administrator  BYTEA NOT NULL REFERENCES service_ids (id)
);

CREATE TABLE instances (
    id              BYTEA PRIMARY KEY,
    name            TEXT COLLATE "C" NOT NULL,
    region          TEXT COLLATE "C" NOT NULL,
    account         TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    service         TEXT COLLATE "C" NOT NULL DEFAULT 'kms',
    plan            BYTEA NOT NULL DEFAULT '\xeedd358590c64c8fbe3d062069e99fc3',
    resource_group  TEXT COLLATE "C" NOT NULL DEFAULT '',
    key_instance    BYTEA,
    key_id          BYTEA,
    allow_cleanup   BOOLEAN NOT NULL DEFAULT FALSE,
    locked          BOOLEAN NOT NULL DEFAULT FALSE,
    tags            TEXT COLLATE "C" NOT NULL DEFAULT '[]',
    state           TEXT COLLATE "C" NOT NULL DEFAULT 'active',
    last_operation  TEXT COLLATE "C" NOT NULL DEFAULT 'create',
    created_by      TEXT COLLATE "C" NOT NULL DEFAULT '',
    updated_at      BIGINT,
    updated_by      TEXT COLLATE "C",
    reclamation     BYTEA,
    deleted_at      BIGINT,
    deleted_by      TEXT COLLATE "C",
    revision        BIGINT NOT NULL DEFAULT 0,
    stored_bytes    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX instances_by_account ON instances (account, created_at);

CREATE TABLE users (
    iam_id      TEXT COLLATE "C" PRIMARY KEY,
    account     TEXT COLLATE "C" NOT NULL,
    email       TEXT COLLATE "C" NOT NULL,
    first_name  TEXT COLLATE "C" NOT NULL,
    last_name   TEXT COLLATE "C" NOT NULL,
    active      BOOLEAN NOT NULL,
    created_at  BIGINT NOT NULL,
    created_by  TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX users_by_email ON users (account, lower(email));

CREATE TABLE api_keys (
    id           BYTEA PRIMARY KEY,
    account      TEXT COLLATE "C" NOT NULL,
    owner        TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    description  TEXT COLLATE "C",
    digest       BYTEA NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    created_by   TEXT COLLATE "C" NOT NULL,
    modified_at  BIGINT NOT NULL,
    expires_at   BIGINT,
    disabled     BOOLEAN NOT NULL,
    locked       BOOLEAN NOT NULL,
    revision     BIGINT NOT NULL
);
CREATE INDEX api_keys_by_owner ON api_keys (owner);

CREATE TABLE policies (
    id                    BYTEA PRIMARY KEY,
    state                 TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'deleted')),
    description           TEXT COLLATE "C",
    roles                 TEXT COLLATE "C" NOT NULL,
    subject               TEXT COLLATE "C",
    source_service        TEXT COLLATE "C",
    source_group          TEXT COLLATE "C",
    source_instance       BYTEA,
    source_resource_type  TEXT COLLATE "C",
    account               TEXT COLLATE "C" NOT NULL,
    service_type          TEXT COLLATE "C",
    service               TEXT COLLATE "C",
    instance              BYTEA,
    ring                  TEXT COLLATE "C",
    key_id                BYTEA,
    target_group          TEXT COLLATE "C",
    created_at            BIGINT NOT NULL,
    created_by            TEXT COLLATE "C" NOT NULL,
    modified_at           BIGINT NOT NULL,
    modified_by           TEXT COLLATE "C" NOT NULL,
    revision              BIGINT NOT NULL,
    CHECK (num_nonnulls(subject, source_service, source_group) = 1)
);
CREATE INDEX policies_by_subject ON policies (subject) WHERE subject IS NOT NULL;
CREATE INDEX policies_by_source ON policies (account, source_service) WHERE subject IS NULL;
CREATE UNIQUE INDEX policies_differ ON policies (account, roles, coalesce(subject, ''), coalesce(source_service, ''),
    coalesce(source_group, ''), coalesce(source_instance, ''), coalesce(source_resource_type, ''),
    coalesce(service_type, ''), coalesce(service, ''), coalesce(instance, ''), coalesce(ring, ''), coalesce(key_id, ''),
    coalesce(target_group, '')) WHERE state = 'active';

CREATE TABLE keys (
    id           BYTEA PRIMARY KEY,
    instance     BYTEA NOT NULL REFERENCES instances (id),
    ring         TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    description  TEXT COLLATE "C",
    tags         TEXT COLLATE "C" NOT NULL,
    extractable  BOOLEAN NOT NULL,
    imported     BOOLEAN NOT NULL,
    bits         BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    created_by   TEXT COLLATE "C" NOT NULL,
    expires_at   BIGINT,
    updated_at   BIGINT,
    rotated_at   BIGINT,
    state        BIGINT NOT NULL CHECK (state IN (1, 2, 3, 5)),
    state_since  BIGINT NOT NULL,
    notified_at  BIGINT,
    deleted_at   BIGINT,
    deleted_by   TEXT COLLATE "C",
    revision     BIGINT NOT NULL
);
CREATE INDEX keys_by_instance ON keys (instance, id);
CREATE INDEX keys_by_deletion ON keys (deleted_at) WHERE state = 5;
CREATE INDEX keys_by_expiry ON keys (expires_at) WHERE state = 1;

CREATE TABLE key_versions (
    key_id      BYTEA NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    number      BIGINT NOT NULL,
    id          BYTEA NOT NULL UNIQUE,
    created_at  BIGINT NOT NULL,
    material    BYTEA NOT NULL,
    custody     BIGINT NOT NULL DEFAULT 0 CHECK (custody BETWEEN 0 AND 2),
    PRIMARY KEY (key_id, number)
);

CREATE TABLE aliases (
    instance  BYTEA NOT NULL REFERENCES instances (id),
    alias     TEXT COLLATE "C" NOT NULL,
    key_id    BYTEA NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    PRIMARY KEY (instance, alias)
);
CREATE INDEX aliases_by_key ON aliases (key_id);

CREATE TABLE key_policies (
    id                BYTEA PRIMARY KEY,
    key_id            BYTEA NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    kind              TEXT COLLATE "C" NOT NULL CHECK (kind IN ('rotation', 'dualAuthDelete')),
    enabled           BOOLEAN NOT NULL,
    interval_month    BIGINT CHECK (interval_month BETWEEN 1 AND 12),
    authorized_by     TEXT COLLATE "C",
    authorized_until  BIGINT,
    created_at        BIGINT NOT NULL,
    created_by        TEXT COLLATE "C" NOT NULL,
    updated_at        BIGINT NOT NULL,
    updated_by        TEXT COLLATE "C" NOT NULL,
    due_at            BIGINT,
    UNIQUE (key_id, kind)
);
CREATE INDEX key_policies_by_due ON key_policies (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE registrations (
    key_id                BYTEA NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    resource_crn          TEXT COLLATE "C" NOT NULL,
    created_at            BIGINT NOT NULL,
    created_by            TEXT COLLATE "C" NOT NULL,
    updated_at            BIGINT NOT NULL,
    updated_by            TEXT COLLATE "C" NOT NULL,
    description           TEXT COLLATE "C",
    prevent_key_deletion  BOOLEAN NOT NULL,
    version_id            BYTEA NOT NULL REFERENCES key_versions (id) ON DELETE CASCADE,
    PRIMARY KEY (key_id, resource_crn)
);
CREATE INDEX registrations_by_resource ON registrations (resource_crn);

CREATE TABLE key_rings (
    instance    BYTEA NOT NULL REFERENCES instances (id),
    id          TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    created_by  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (instance, id)
);

CREATE TABLE instance_policies (
    instance    BYTEA NOT NULL REFERENCES instances (id),
    kind        TEXT COLLATE "C" NOT NULL,
    enabled     BOOLEAN NOT NULL,
    attributes  TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    created_by  TEXT COLLATE "C" NOT NULL,
    updated_at  BIGINT NOT NULL,
    updated_by  TEXT COLLATE "C" NOT NULL,
    revision    BIGINT NOT NULL,
    PRIMARY KEY (instance, kind)
);

CREATE TABLE import_tokens (
    instance              BYTEA PRIMARY KEY REFERENCES instances (id),
    id                    BYTEA NOT NULL UNIQUE,
    created_at            BIGINT NOT NULL,
    expires_at            BIGINT NOT NULL,
    max_retrievals        BIGINT NOT NULL,
    remaining_retrievals  BIGINT NOT NULL CHECK (remaining_retrievals >= 0),
    public_key            BYTEA NOT NULL,
    private_key           BYTEA NOT NULL,
    nonce                 BYTEA NOT NULL
);

CREATE TABLE signing_keys (
    id          TEXT COLLATE "C" PRIMARY KEY,
    signs_from  BIGINT NOT NULL,
    sealed      BYTEA NOT NULL
);

CREATE TABLE sign_in_codes (
    digest   BYTEA PRIMARY KEY,
    expires  BIGINT NOT NULL
);

CREATE TABLE sessions (
    digest      BYTEA PRIMARY KEY,
    service_id  BYTEA NOT NULL REFERENCES service_ids (id),
    expires     BIGINT NOT NULL
);

CREATE TABLE objects (
    instance   BYTEA NOT NULL REFERENCES instances (id),
    name       BYTEA NOT NULL,
    size       BIGINT NOT NULL,
    checksum   BYTEA NOT NULL,
    file       TEXT COLLATE "C" NOT NULL UNIQUE,
    stored_at  BIGINT NOT NULL,
    stored_by  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (instance, name)
);

CREATE TABLE loose_files (
    file  TEXT COLLATE "C" PRIMARY KEY
);

CREATE TABLE events (
    writer       BYTEA NOT NULL,
    sequence     BIGINT NOT NULL,
    hash         BYTEA,
    at           BIGINT NOT NULL,
    instance     BYTEA,
    key_id       BYTEA,
    initiator    TEXT COLLATE "C" NOT NULL,
    action       TEXT COLLATE "C" NOT NULL,
    failed       BOOLEAN NOT NULL,
    correlation  BYTEA NOT NULL,
    event        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (writer, sequence)
);
CREATE INDEX events_by_time ON events (at, writer, sequence, instance, key_id, initiator, action, failed, correlation);
CREATE FUNCTION refuse_change_of_events() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'audit events are append-only'; END $$;
CREATE TRIGGER events_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_events();

CREATE TABLE audit_checkpoints (
    number     BIGINT PRIMARY KEY,
    previous   BYTEA NOT NULL,
    writer     BYTEA NOT NULL,
    sequence   BIGINT NOT NULL,
    hash       BYTEA NOT NULL,
    at         BIGINT NOT NULL,
    key        BYTEA NOT NULL,
    signature  BYTEA NOT NULL
);
CREATE INDEX audit_checkpoints_by_writer ON audit_checkpoints (writer, number);
CREATE FUNCTION refuse_change_of_audit_checkpoints() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'audit checkpoints are append-only'; END $$;
CREATE TRIGGER audit_checkpoints_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_checkpoints();

CREATE TABLE audit_keys (
    "only"      BIGINT PRIMARY KEY CHECK ("only" = 1),
    public_key  BYTEA NOT NULL,
    sealed      BYTEA NOT NULL
);
