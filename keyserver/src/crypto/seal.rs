//! Material under the master key: what lies in the database.
//!
//! Format: version byte 1, 12-byte random nonce, AES-256-GCM ciphertext and tag. The number of seals under one master key
//! stays far below 2^32, so random nonces are safe without derivation.
//! *Invariant:* what was sealed for one place does not open for another.

use std::{
    path::PathBuf,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use uuid::Uuid;

use crate::{
    crypto::{
        gcm::{self, NONCE_BYTES},
        master,
    },
    error::Error,
    keys::{
        crn::InstanceId,
        environment::Entropy,
        key::{Key, KeyId},
        material::{SealedMaterial, Secret},
        version::VersionId,
    },
};

const FORMAT: u8 = 1;

/// The one place that a sealed value belongs to; part of its AAD.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// Material of one version of one key.
    KeyVersion(VersionPlace),
    /// Private key that signs checkpoints of the audit trail.
    AuditSigningKey,
    /// Private key that signs access tokens, by its key id.
    TokenSigningKey(&'a str),
    /// A secret of an import token.
    ImportToken {
        /// The instance whose token it is.
        instance: InstanceId,
        /// Which token.
        token: Uuid,
        /// Which secret.
        part: TokenPart,
    },
}

/// One version of one key. What the key is counts as part of the place, so that a row changed to say that a root key may be
/// shown does not open it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VersionPlace {
    /// Where the key lives.
    pub(crate) instance: InstanceId,
    /// Which key.
    pub(crate) key: KeyId,
    /// Which version.
    pub(crate) version: VersionId,
    /// Whether it may leave the server.
    pub(crate) extractable: bool,
    /// Whether it is the caller's own material.
    pub(crate) imported: bool,
}

impl VersionPlace {
    /// The place of one version of `key`, as the key is now.
    pub(crate) const fn of(instance: InstanceId, key: &Key, version: VersionId) -> Self {
        Self { instance, key: key.id, version, extractable: key.extractable, imported: key.imported }
    }

    /// Different for every place.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [
            b"envelock key version v1".as_slice(),
            self.instance.0.as_bytes(),
            self.key.0.as_bytes(),
            self.version.0.as_bytes(),
            &[u8::from(self.extractable), u8::from(self.imported)],
        ]
        .concat()
    }
}

/// The secrets of an import token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenPart {
    /// Its RSA private key.
    PrivateKey,
    /// Its nonce.
    Nonce,
}

impl Place<'_> {
    fn aad(self) -> Vec<u8> {
        match self {
            Self::KeyVersion(place) => place.bytes(),
            Self::ImportToken { instance, token, part } => {
                let label = match part {
                    TokenPart::PrivateKey => b"envelock import token private key v1".as_slice(),
                    TokenPart::Nonce => b"envelock import token nonce v1".as_slice(),
                };
                [label, instance.0.as_bytes(), token.as_bytes()].concat()
            }
            Self::AuditSigningKey => b"envelock audit signing key v1".to_vec(),
            Self::TokenSigningKey(id) => [b"envelock token signing key v1".as_slice(), id.as_bytes()].concat(),
        }
    }
}

/// Seals and opens material; made from the master key only.
pub(crate) struct Sealer {
    /// The first one seals.
    known: RwLock<Vec<Secret>>,
    /// Where the next ones appear.
    file: Option<PathBuf>,
}

/// Master keys that are known at a time: of a rotation under way, the one before and one more.
const MAX_KNOWN: usize = 3;

impl Sealer {
    /// Takes the master key, 32 bytes, and no other ever.
    pub(crate) fn new(master: Secret) -> Self {
        Self { known: RwLock::new(vec![master]), file: None }
    }

    /// Takes the master key of a file, and whichever takes its place while the server runs.
    pub(crate) fn following(master: Secret, file: PathBuf) -> Self {
        Self { file: Some(file), ..Self::new(master) }
    }

    /// Seals material for one place.
    pub(crate) fn seal(
        &self,
        material: &Secret,
        place: Place<'_>,
        entropy: &dyn Entropy,
    ) -> Result<SealedMaterial, Error> {
        self.follow();
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let known = self.known();
        let master = known.first().ok_or(Error::Corrupt("no master key"))?;
        // Exposed to the cipher only, both as key and as plaintext.
        let sealed = gcm::encrypt(master.expose(), &nonce, &place.aad(), material.expose())
            .ok_or(Error::Corrupt("size of the master key"))?;
        Ok(SealedMaterial::from_sealed_bytes([[FORMAT].as_slice(), &nonce, &sealed].concat()))
    }

    /// Opens material that was sealed for this very place.
    pub(crate) fn open(&self, sealed: &SealedMaterial, place: Place<'_>) -> Result<Secret, Error> {
        const DAMAGED: Error = Error::Corrupt("sealed material: damaged, moved, or under another master key");
        let (&[format], rest) = sealed.as_bytes().split_first_chunk::<1>().ok_or(DAMAGED)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(DAMAGED)?;
        if format != FORMAT {
            return Err(DAMAGED);
        }
        let aad = place.aad();
        let try_all = || self.known().iter().find_map(|key| gcm::decrypt(key.expose(), nonce, &aad, ciphertext));
        let opened = try_all().or_else(|| self.follow().then(try_all).flatten());
        opened.map(Secret::new).ok_or(DAMAGED)
    }

    fn known(&self) -> RwLockReadGuard<'_, Vec<Secret>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seals under the key that the file has now; whether it has one. It may be known already: another thread looked at the same
    /// moment. A file that cannot be read changes nothing.
    fn follow(&self) -> bool {
        let Some(file) = &self.file else { return false };
        let newest = match master::newest(file) {
            Ok(Some(newest)) => newest,
            Ok(None) => return false,
            Err(error) => {
                tracing::warn!(%error, "master key");
                return false;
            }
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let first = match known.iter().position(|key| key.holds_same(&newest)) {
            Some(at) => known.remove(at),
            None => newest,
        };
        known.insert(0, first);
        known.truncate(MAX_KNOWN);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use super::*;
    use crate::{crypto::master::beside, state::SystemEntropy};

    #[test]
    fn all_who_meet_the_next_master_key_at_the_same_moment_open_with_it() {
        const AT_ONCE: usize = 8;
        let directory = tempfile::tempdir().expect("a directory");
        for round in 0..20 {
            let file = directory.path().join(format!("key-{round}"));
            let old = master::create(&file, &SystemEntropy).expect("made");
            let new = master::create(&beside(&file, "next"), &SystemEntropy).expect("made");
            let material = Secret::random(32, &SystemEntropy);
            let sealed = Sealer::new(new).seal(&material, Place::AuditSigningKey, &SystemEntropy).expect("sealed");
            let (sealer, together) = (Sealer::following(old, file), Barrier::new(AT_ONCE));
            thread::scope(|scope| {
                for _ in 0..AT_ONCE {
                    scope.spawn(|| {
                        together.wait();
                        let opened = sealer.open(&sealed, Place::AuditSigningKey).expect("opens");
                        assert!(opened.holds_same(&material));
                    });
                }
            });
        }
    }
}
