//! Material on its way into the token.
//!
//! The token makes an RSA key pair for the session and keeps the private key; the material is encrypted with RSA-OAEP in this
//! process and unwrapped (`C_UnwrapKey`) inside the token. So it crosses neither the module nor a network in the clear, and tokens
//! that forbid secret keys to be created from bytes take it.
//! *Invariant:* the private key is never extractable and ends with the session.

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey, PublicKeyComponents,
};
use cryptoki::{
    mechanism::{
        Mechanism, MechanismType,
        rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource},
    },
    object::{Attribute, AttributeType, ObjectHandle},
    session::Session,
};

use super::{connection::Connection, fault::Fault};
use crate::keys::material::Secret;

const MODULUS_BITS: u64 = 3072;
const EXPONENT: [u8; 3] = [1, 0, 1];

/// The hash inside OAEP. Of a hash there it is not asked that collisions be hard to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oaep {
    Sha256,
    /// The only one that some tokens have.
    Sha1,
}

impl Oaep {
    pub(super) const ALL: [Self; 2] = [Self::Sha256, Self::Sha1];

    fn mechanism(self) -> Mechanism<'static> {
        let (hash, mask) = match self {
            Self::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
            Self::Sha1 => (MechanismType::SHA1, PkcsMgfType::MGF1_SHA1),
        };
        Mechanism::RsaPkcsOaep(PkcsOaepParams::new(hash, mask, PkcsOaepSource::empty()))
    }
}

/// A key pair of the session.
pub(super) struct Transport {
    private: ObjectHandle,
    public: OaepPublicEncryptingKey,
}

impl Transport {
    /// Takes the token a good part of a second.
    pub(super) fn new(session: &Session) -> Result<Self, Fault> {
        let public = [
            Attribute::Token(false),
            Attribute::Wrap(true),
            Attribute::Encrypt(true),
            Attribute::ModulusBits(MODULUS_BITS.into()),
            Attribute::PublicExponent(EXPONENT.to_vec()),
        ];
        let private = [
            Attribute::Token(false),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Unwrap(true),
            Attribute::Decrypt(false),
        ];
        let (public, private) = session.generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private)?;
        let told = session.get_attributes(public, &[AttributeType::Modulus])?;
        let [Attribute::Modulus(modulus)] = &told[..] else {
            return Err(Fault::Lied("it made a key pair and does not tell its modulus".to_owned()));
        };
        let components = PublicKeyComponents { n: modulus.as_slice(), e: EXPONENT.as_slice() };
        let public: Result<PublicEncryptingKey, _> = components.try_into();
        let public = public.and_then(OaepPublicEncryptingKey::new);
        let public = public.map_err(|_| Fault::Lied("it made a key pair with an impossible modulus".to_owned()))?;
        Ok(Self { private, public })
    }

    /// Gives material to the token as an object like `template`.
    pub(super) fn import(
        &self,
        session: &Session,
        oaep: Oaep,
        template: &[Attribute],
        material: &Secret,
    ) -> Result<ObjectHandle, Fault> {
        let algorithm = match oaep {
            Oaep::Sha256 => &OAEP_SHA256_MGF1SHA256,
            Oaep::Sha1 => &OAEP_SHA1_MGF1SHA1,
        };
        let mut buffer = vec![0; self.public.ciphertext_size()];
        // Exposed to the cipher only.
        let encrypted = self.public.encrypt(algorithm, material.expose(), &mut buffer, None);
        let encrypted =
            encrypted.map_err(|_| Fault::Refused("material too long for the token's key pair".to_owned()))?;
        Ok(session.unwrap_key(&oaep.mechanism(), self.private, encrypted, template)?)
    }
}

impl Connection {
    /// Gives material to the token as an object like `template`.
    pub(super) fn import(&mut self, template: Vec<Attribute>, material: &Secret) -> Result<ObjectHandle, Fault> {
        let Some(oaep) = self.abilities.import else {
            return Err(Fault::Refused("the token takes no key from outside (CKM_RSA_PKCS_OAEP)".to_owned()));
        };
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => Transport::new(&self.session)?,
        };
        let imported = transport.import(&self.session, oaep, &template, material);
        self.transport = Some(transport);
        imported
    }
}
