//! Everything that is under the master key.
//!
//! *Invariant:* knows every column that holds something sealed.

use async_trait::async_trait;

use crate::{
    error::Error,
    keys::{
        crn::InstanceId,
        key::KeyId,
        version::{CustodyKind, VersionId},
    },
    store::{
        db::{Row, params},
        resealing::{Resealing, SealedAt, SealedItem},
        sql::SqlStore,
    },
};

#[async_trait]
impl Resealing for SqlStore {
    async fn sealed_versions(&self, after: VersionId, count: u32) -> Result<Vec<SealedItem>, Error> {
        self.read(move |db| {
            db.query(
                "SELECT key_versions.id AS version, key_id, instance, extractable, imported, material
                 FROM key_versions JOIN keys ON keys.id = key_id
                 WHERE custody = $1 AND key_versions.id > $2 ORDER BY key_versions.id LIMIT $3",
                params![CustodyKind::File.number(), after.0, count],
                version,
            )
        })
        .await
    }

    async fn sealed_rest(&self) -> Result<Vec<SealedItem>, Error> {
        self.read(|db| {
            let mut items = db.query("SELECT id, sealed FROM signing_keys", &[], |row| {
                Ok(SealedItem { at: SealedAt::SigningKey(row.get("id")?), sealed: row.get("sealed")? })
            })?;
            items.extend(db.query("SELECT sealed FROM audit_keys", &[], |row| {
                Ok(SealedItem { at: SealedAt::AuditKey, sealed: row.get("sealed")? })
            })?);
            let tokens = db.query("SELECT instance, id, private_key, nonce FROM import_tokens", &[], |row| {
                let (instance, token) = (InstanceId(row.get("instance")?), row.get("id")?);
                Ok([
                    SealedItem { at: SealedAt::TokenPrivateKey { instance, token }, sealed: row.get("private_key")? },
                    SealedItem { at: SealedAt::TokenNonce { instance, token }, sealed: row.get("nonce")? },
                ])
            })?;
            // Those of expired tokens are forgotten.
            items.extend(tokens.into_iter().flatten().filter(|item| !item.sealed.is_empty()));
            Ok(items)
        })
        .await
    }

    async fn reseal(&self, items: Vec<(SealedItem, Vec<u8>)>) -> Result<usize, Error> {
        self.write(move |db| {
            let mut changed = 0;
            for (SealedItem { at, sealed }, fresh) in &items {
                changed += match at {
                    SealedAt::Version { version, .. } => db.execute(
                        "UPDATE key_versions SET material = $1 WHERE id = $2 AND material = $3",
                        params![fresh, version.0, sealed],
                    ),
                    SealedAt::SigningKey(id) => db.execute(
                        "UPDATE signing_keys SET sealed = $1 WHERE id = $2 AND sealed = $3",
                        params![fresh, id, sealed],
                    ),
                    SealedAt::AuditKey => db.execute(
                        "UPDATE audit_keys SET sealed = $1 WHERE \"only\" = 1 AND sealed = $2",
                        params![fresh, sealed],
                    ),
                    SealedAt::TokenPrivateKey { instance, token } => db.execute(
                        "UPDATE import_tokens SET private_key = $1 WHERE instance = $2 AND id = $3 AND private_key = $4",
                        params![fresh, instance.0, *token, sealed],
                    ),
                    SealedAt::TokenNonce { instance, token } => db.execute(
                        "UPDATE import_tokens SET nonce = $1 WHERE instance = $2 AND id = $3 AND nonce = $4",
                        params![fresh, instance.0, *token, sealed],
                    ),
                }?;
            }
            Ok(changed)
        })
        .await
    }
}

fn version(row: &Row<'_>) -> Result<SealedItem, Error> {
    let at = SealedAt::Version {
        instance: InstanceId(row.get("instance")?),
        key: KeyId(row.get("key_id")?),
        version: VersionId(row.get("version")?),
        extractable: row.get("extractable")?,
        imported: row.get("imported")?,
    };
    Ok(SealedItem { at, sealed: row.get("material")? })
}
