//! File custody: material sealed under the master key, opened in this process for each use.
//!
//! Each wrap draws a 32-byte salt, derives its own AES key (HKDF-SHA-256, as long as the root key) and encrypts with
//! AES-GCM under a random 12-byte nonce, so the 2^32 limit of random nonces applies per salt and is never reached.
//! *Invariant:* material is in the clear for one use, and wiped right after.

use std::sync::Arc;

use async_trait::async_trait;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    crypto::{
        custody::{Custody, GENERATED_BYTES, Origin},
        gcm::{self, NONCE_BYTES},
        seal::{Place, Sealer, VersionPlace},
        wrapped::{Body, SALT_BYTES},
    },
    error::Error,
    keys::{
        aad::Aad,
        environment::Entropy,
        material::{SealedMaterial, Secret},
    },
};

const INFO: &[u8] = b"envelock root key wrap v1";

/// Material in the database, under the master key.
pub(crate) struct FileCustody {
    sealer: Arc<Sealer>,
    entropy: Arc<dyn Entropy>,
}

impl FileCustody {
    /// Takes what opens and seals.
    pub(crate) fn new(sealer: Arc<Sealer>, entropy: Arc<dyn Entropy>) -> Self {
        Self { sealer, entropy }
    }

    /// The material itself; of standard keys it is what they are for.
    pub(super) fn open(&self, place: &VersionPlace, held: &[u8]) -> Result<Secret, Error> {
        let sealed = SealedMaterial::from_sealed_bytes(held.to_vec());
        self.sealer.open(&sealed, Place::KeyVersion(*place))
    }
}

#[async_trait]
impl Custody for FileCustody {
    async fn make(&self, place: &VersionPlace, origin: &Origin) -> Result<Vec<u8>, Error> {
        let seal = |material: &Secret| self.sealer.seal(material, Place::KeyVersion(*place), &*self.entropy);
        let sealed = match origin {
            Origin::Generated => seal(&Secret::random(GENERATED_BYTES, &*self.entropy)),
            Origin::Given(material) => seal(material),
        };
        Ok(sealed?.as_bytes().to_vec())
    }

    async fn wrap(&self, place: &VersionPlace, held: &[u8], dek: &Secret, aad: &Aad) -> Result<Body, Error> {
        let root = self.open(place, held)?;
        let mut salt = [0; SALT_BYTES];
        self.entropy.fill(&mut salt);
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        // Exposed to the cipher only.
        let ciphertext = derive(&root, &salt)
            .and_then(|key| gcm::encrypt(&key, &nonce, &aad.encode(), dek.expose()))
            .ok_or(Error::Corrupt("size of a root key"))?;
        Ok(Body::Derived { salt, nonce, ciphertext })
    }

    async fn unwrap(
        &self,
        place: &VersionPlace,
        held: &[u8],
        wrapped: &Body,
        aad: &Aad,
    ) -> Result<Option<Secret>, Error> {
        Ok(open_body(&self.open(place, held)?, wrapped, aad))
    }

    async fn is_made_of(&self, place: &VersionPlace, held: &[u8], material: &Secret) -> Result<bool, Error> {
        Ok(self.open(place, held)?.holds_same(material))
    }

    /// Nothing to do: the sealed material is in the version's row and goes with it.
    async fn destroy(&self, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    /// The master key is in memory.
    async fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// The data key, if `root` is the material that it was wrapped under and the AAD are the same.
fn open_body(root: &Secret, wrapped: &Body, aad: &Aad) -> Option<Secret> {
    let dek = match wrapped {
        Body::Derived { salt, nonce, ciphertext } => {
            gcm::decrypt(&derive(root, salt)?, nonce, &aad.encode(), ciphertext)
        }
        // Exposed to the cipher only.
        Body::Direct { nonce, ciphertext } => gcm::decrypt(root.expose(), nonce, &aad.encode(), ciphertext),
    };
    dek.map(Secret::new)
}

fn derive(root: &Secret, salt: &[u8; SALT_BYTES]) -> Option<Zeroizing<Vec<u8>>> {
    // Exposed to the derivation only.
    let root = root.expose();
    let mut key = Zeroizing::new(vec![0; root.len()]);
    Hkdf::<Sha256>::new(Some(salt), root).expand(INFO, &mut key).ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_custody_wrapped_under_the_same_material_opens() {
        let (root, nonce) = (Secret::new((0..24).collect()), [3; NONCE_BYTES]);
        let aad = |item: &str| Aad::parse(vec![item.to_owned()]).expect("legal");
        let ciphertext = gcm::encrypt(root.expose(), &nonce, &aad("t").encode(), b"a data key").expect("encrypted");
        let body = Body::Direct { nonce, ciphertext };
        assert_eq!(open_body(&root, &body, &aad("t")).expect("opens").expose(), b"a data key");
        assert!(open_body(&root, &body, &aad("u")).is_none());
        assert!(open_body(&Secret::new(vec![0; 24]), &body, &aad("t")).is_none());
    }
}
