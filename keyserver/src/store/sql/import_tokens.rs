//! Import tokens.
//!
//! *Invariant:* every statement for a caller is limited to the grant's instance.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    error::Error,
    iam::{grant::Grant, roles::Action},
    keys::{import_token::ImportToken, material::SealedMaterial},
    store::{
        ImportTokens, NewEvent,
        db::{Row, params},
        sql::{
            SqlStore,
            columns::{instant, millis},
            events::append,
        },
    },
};

#[async_trait]
impl ImportTokens for SqlStore {
    async fn replace_import_token(&self, grant: &Grant, token: ImportToken, event: NewEvent) -> Result<(), Error> {
        grant.demand(|action| action == Action::CreateImportToken)?;
        let instance = grant.instance();
        self.write(move |db| {
            db.execute(
                "INSERT INTO import_tokens (instance, id, created_at, expires_at, max_retrievals,
                     remaining_retrievals, public_key, private_key, nonce)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (instance) DO UPDATE SET id = excluded.id, created_at = excluded.created_at,
                     expires_at = excluded.expires_at, max_retrievals = excluded.max_retrievals,
                     remaining_retrievals = excluded.remaining_retrievals, public_key = excluded.public_key,
                     private_key = excluded.private_key, nonce = excluded.nonce",
                params![
                    instance.0,
                    token.id,
                    millis(token.created_at),
                    millis(token.expires_at),
                    token.max_retrievals,
                    token.remaining_retrievals,
                    &token.public_key,
                    token.private_key.as_bytes(),
                    token.nonce.as_bytes()
                ],
            )?;
            append(db, &event)
        })
        .await
    }

    async fn import_token(&self, grant: &Grant) -> Result<Option<ImportToken>, Error> {
        grant.demand(Action::uses_import_token)?;
        let instance = grant.instance();
        self.read(move |db| {
            db.query_optional("SELECT * FROM import_tokens WHERE instance = $1", params![instance.0], token)
        })
        .await
    }

    async fn save_retrieval(&self, grant: &Grant, token: &ImportToken, event: NewEvent) -> Result<bool, Error> {
        grant.demand(|action| action == Action::ReadImportToken)?;
        let (instance, id, left) = (grant.instance(), token.id, token.remaining_retrievals);
        self.change(event, move |db| {
            let counted = db.execute(
                "UPDATE import_tokens SET remaining_retrievals = $1
                 WHERE instance = $2 AND id = $3 AND remaining_retrievals = $1 + 1",
                params![left, instance.0, id],
            )?;
            Ok(counted > 0)
        })
        .await
    }

    async fn forget_expired_import_tokens(&self, now: Timestamp) -> Result<(), Error> {
        self.write(move |db| {
            db.execute(
                "UPDATE import_tokens SET private_key = $2, nonce = $2 WHERE expires_at <= $1 AND private_key != $2",
                params![millis(now), [].as_slice()],
            )?;
            Ok(())
        })
        .await
    }
}

fn token(row: &Row<'_>) -> Result<ImportToken, Error> {
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
