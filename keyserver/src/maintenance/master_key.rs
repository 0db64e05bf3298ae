//! A new master key in the place of the old one, while servers run.
//!
//! The new key lies beside the old one, in a file whose name ends in `.next`. A server seals under it from the moment it is there, and
//! reads it when something does not open under the keys it knows. Everything sealed is then put under the new key, a few items at a
//! time, again and again until nothing is found under the old one; only then does the new file take the old one's place.
//! *Invariant:* at every moment each item opens under one of the two files; a rotation that was cut short is gone on with by the next.

use std::{fs, path::Path, time::Duration};

use uuid::Uuid;

use crate::{
    crypto::{
        master::{self, MasterKeyError, beside},
        seal::{Place, Sealer, TokenPart, VersionPlace},
    },
    keys::{environment::Entropy, material::SealedMaterial, version::VersionId},
    maintenance::{MaintenanceError, keep_name},
    store::{
        resealing::{Resealing, SealedAt, SealedItem},
        sql::SqlStore,
    },
};

/// Items of one transaction.
const BATCH: u32 = 200;
/// Longer than a server takes to store what it sealed before the new file was there.
const SETTLING: Duration = Duration::from_secs(3);

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resealed {
    /// Items that were put under the new key.
    pub moved: usize,
    /// Items that were looked at at the end, all of which opened under the new key alone.
    pub proved: usize,
}

/// Puts everything under a new master key.
pub(crate) async fn rotate_master_key(
    store: &SqlStore,
    file: &Path,
    entropy: &dyn Entropy,
) -> Result<Resealed, MaintenanceError> {
    let old = master::read(file)?.ok_or_else(|| MasterKeyError::Missing(file.to_owned()))?;
    let (next, former) = (beside(file, "next"), beside(file, "old"));
    if master::read(&former)?.is_some_and(|former| !former.holds_same(&old)) {
        return Err(MaintenanceError::Exists(former));
    }
    let new = match master::read(&next)? {
        Some(begun) => begun,
        None => master::create(&next, entropy)?,
    };
    let work = Work { store, old: Sealer::new(old), new: Sealer::new(new), entropy };
    let mut moved = 0;
    let proved = loop {
        tokio::time::sleep(SETTLING).await;
        let pass = work.pass().await?;
        moved += pass.moved;
        if pass.moved == 0 && pass.changed == 0 {
            break pass.seen;
        }
    };
    take_place(file, &next, &former)?;
    Ok(Resealed { moved, proved })
}

/// The new file becomes the file; the old key stays at hand for backups that were made under it.
fn take_place(file: &Path, next: &Path, former: &Path) -> Result<(), MaintenanceError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| MasterKeyError::Io { path, source }
    };
    if !former.exists() {
        fs::hard_link(file, former).map_err(io(former))?;
    }
    fs::rename(next, file).map_err(io(file))?;
    keep_name(file)
}

#[derive(Default)]
struct Pass {
    seen: usize,
    moved: usize,
    /// Items that somebody else changed meanwhile.
    changed: usize,
}

struct Work<'a> {
    store: &'a SqlStore,
    old: Sealer,
    new: Sealer,
    entropy: &'a dyn Entropy,
}

impl Work<'_> {
    async fn pass(&self) -> Result<Pass, MaintenanceError> {
        let mut pass = Pass::default();
        self.reseal(self.store.sealed_rest().await?, &mut pass).await?;
        let mut after = VersionId(Uuid::nil());
        loop {
            let items = self.store.sealed_versions(after, BATCH).await?;
            let Some(SealedItem { at: SealedAt::Version { version, .. }, .. }) = items.last() else { return Ok(pass) };
            after = *version;
            self.reseal(items, &mut pass).await?;
        }
    }

    async fn reseal(&self, items: Vec<SealedItem>, pass: &mut Pass) -> Result<(), MaintenanceError> {
        pass.seen += items.len();
        let mut fresh = Vec::new();
        for item in items {
            let sealed = SealedMaterial::from_sealed_bytes(item.sealed.clone());
            let place = place(&item.at);
            if self.new.open(&sealed, place).is_ok() {
                continue;
            }
            let secret = self.old.open(&sealed, place)?;
            let resealed = self.new.seal(&secret, place, self.entropy)?.as_bytes().to_vec();
            fresh.push((item, resealed));
        }
        if fresh.is_empty() {
            return Ok(());
        }
        let wanted = fresh.len();
        let done = self.store.reseal(fresh).await?;
        pass.moved += done;
        pass.changed += wanted - done;
        Ok(())
    }
}

/// Where something sealed is, as the cipher has it.
pub(super) fn place(at: &SealedAt) -> Place<'_> {
    match at {
        SealedAt::Version { instance, key, version, extractable, imported } => Place::KeyVersion(VersionPlace {
            instance: *instance,
            key: *key,
            version: *version,
            extractable: *extractable,
            imported: *imported,
        }),
        SealedAt::SigningKey(id) => Place::TokenSigningKey(id),
        SealedAt::AuditKey => Place::AuditSigningKey,
        SealedAt::TokenPrivateKey { instance, token } => {
            Place::ImportToken { instance: *instance, token: *token, part: TokenPart::PrivateKey }
        }
        SealedAt::TokenNonce { instance, token } => {
            Place::ImportToken { instance: *instance, token: *token, part: TokenPart::Nonce }
        }
    }
}
