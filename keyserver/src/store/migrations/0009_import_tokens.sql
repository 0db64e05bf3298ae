-- `private_key` and `nonce` are sealed.
CREATE TABLE import_tokens (
    instance              BLOB PRIMARY KEY REFERENCES instances (id),
    id                    BLOB NOT NULL UNIQUE,
    created_at            INTEGER NOT NULL,
    expires_at            INTEGER NOT NULL,
    max_retrievals        INTEGER NOT NULL,
    remaining_retrievals  INTEGER NOT NULL CHECK (remaining_retrievals >= 0),
    public_key            BLOB NOT NULL,
    private_key           BLOB NOT NULL,
    nonce                 BLOB NOT NULL
);
