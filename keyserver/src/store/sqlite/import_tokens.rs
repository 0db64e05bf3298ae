//! Import tokens.
//!
//! *Invariant:* every statement for a caller is limited to the grant's instance.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row};

use crate::{
    error::Error,
    iam::{grant::Grant, roles::Action},
    keys::{import_token::ImportToken, material::SealedMaterial},
    store::{
        ImportTokens, NewEvent,
        sqlite::{
            SqliteStore,
            events::append,
            rows::{instant, millis},
        },
    },
};

#[async_trait]
impl ImportTokens for SqliteStore {
    async fn replace_import_token(&self, grant: &Grant, token: ImportToken, event: NewEvent) -> Result<(), Error> {
        grant.demand(|action| action == Action::CreateImportToken)?;
        let instance = grant.instance();
        self.write(move |db| {
            db.execute(
                "INSERT OR REPLACE INTO import_tokens (instance, id, created_at, expires_at, max_retrievals,
                     remaining_retrievals, public_key, private_key, nonce)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    instance.0,
                    token.id,
                    millis(token.created_at),
                    millis(token.expires_at),
                    token.max_retrievals,
                    token.remaining_retrievals,
                    &token.public_key,
                    token.private_key.as_bytes(),
                    token.nonce.as_bytes(),
                ),
            )?;
            append(db, &event)
        })
        .await
    }

    async fn import_token(&self, grant: &Grant) -> Result<Option<ImportToken>, Error> {
        grant.demand(Action::uses_import_token)?;
        let instance = grant.instance();
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT * FROM import_tokens WHERE instance = ?")?;
            Ok(statement.query_row([instance.0], token).optional()?)
        })
        .await
    }

    async fn save_retrieval(&self, grant: &Grant, token: &ImportToken, event: NewEvent) -> Result<bool, Error> {
        grant.demand(|action| action == Action::ReadImportToken)?;
        let (instance, id, left) = (grant.instance(), token.id, token.remaining_retrievals);
        self.change(event, move |db| {
            let counted = db.execute(
                "UPDATE import_tokens SET remaining_retrievals = ?1
                 WHERE instance = ?2 AND id = ?3 AND remaining_retrievals = ?1 + 1",
                (left, instance.0, id),
            )?;
            Ok(counted > 0)
        })
        .await
    }

    async fn forget_expired_import_tokens(&self, now: Timestamp) -> Result<(), Error> {
        self.write(move |db| {
            db.execute(
                "UPDATE import_tokens SET private_key = x'', nonce = x'' WHERE expires_at <= ? AND private_key != x''",
                [millis(now)],
            )?;
            Ok(())
        })
        .await
    }
}

fn token(row: &Row<'_>) -> rusqlite::Result<ImportToken> {
    Ok(ImportToken {
        id: row.get("id")?,
        created_at: instant(row, "created_at")?,
        expires_at: instant(row, "expires_at")?,
        max_retrievals: row.get("max_retrievals")?,
        remaining_retrievals: row.get("remaining_retrievals")?,
        public_key: row.get("public_key")?,
        private_key: SealedMaterial::from_sealed_bytes(row.get("private_key")?),
        nonce: SealedMaterial::from_sealed_bytes(row.get("nonce")?),
    })
}
