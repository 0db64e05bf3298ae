//! Key material encrypted for an import token: RSA-OAEP with SHA-256, and a proof that the sender saw the token.
//!
//! The material travels as RSAES-OAEP (SHA-256, MGF1 with SHA-256, no label). The token's nonce travels as AES-GCM under
//! the material itself with a 12-byte IV and no AAD: whoever can make that knows both.
//! *Invariant:* material comes out only if the nonce is the token's.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey},
};
use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::{
    crypto::gcm,
    error::Error,
    keys::{
        import_token::WrappedMaterial,
        material::{RootKeySize, Secret},
    },
};

/// Length of a token's nonce.
pub(crate) const NONCE_BYTES: usize = 12;
const MODULUS_BYTES: usize = 512;
const PEM_COLUMNS: usize = 64;

/// An RSA key pair of 4096 bits.
pub(crate) struct KeyPair {
    /// PKCS#8.
    pub(crate) private: Secret,
    /// DER of a `SubjectPublicKeyInfo`.
    pub(crate) public: Vec<u8>,
}

/// Makes a key pair. Takes a good part of a second of a processor: not for a thread that others wait for.
pub(crate) fn generate() -> Result<KeyPair, Error> {
    const FAILED: Error = Error::Corrupt("generated key pair of an import token");
    let private = PrivateDecryptingKey::generate(KeySize::Rsa4096).map_err(|_| FAILED)?;
    let public: PublicKeyX509Der<'_> = private.public_key().as_der().map_err(|_| FAILED)?;
    let der: Pkcs8V1Der<'_> = private.as_der().map_err(|_| FAILED)?;
    Ok(KeyPair { private: Secret::new(der.as_ref().to_vec()), public: public.as_ref().to_vec() })
}

/// The public key as a PEM text.
pub(crate) fn public_pem(der: &[u8]) -> String {
    let body = Base64::encode_string(der);
    let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
    for line in body.as_bytes().chunks(PEM_COLUMNS) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem + "-----END PUBLIC KEY-----\n"
}

/// The material of a root key, if it was encrypted for this private key by someone who knows this nonce.
pub(crate) fn open(private: &Secret, nonce: &Secret, given: &WrappedMaterial) -> Result<Secret, Error> {
    let material = decrypt(private, &given.payload)?;
    RootKeySize::of_bytes(material.expose().len())?;
    let iv: &[u8; NONCE_BYTES] = given.iv.as_slice().try_into().map_err(|_| Error::IncorrectNonceIv)?;
    // Exposed to the cipher only.
    let shown = gcm::decrypt(material.expose(), iv, &[], &given.encrypted_nonce).map(Secret::new);
    if shown.ok_or(Error::IncorrectNonceIv)?.holds_same(nonce) { Ok(material) } else { Err(Error::IncorrectNonce) }
}

fn decrypt(private: &Secret, payload: &[u8]) -> Result<Secret, Error> {
    const DAMAGED: Error = Error::Corrupt("private key of an import token");
    const UNREADABLE: Error = Error::InvalidField {
        name: "payload",
        why: "not encrypted with RSAES_OAEP_SHA_256 for the current import token",
    };
    // Exposed to the decrypting key, which wipes its copy.
    let key = PrivateDecryptingKey::from_pkcs8(private.expose()).map_err(|_| DAMAGED)?;
    let key = OaepPrivateDecryptingKey::new(key).map_err(|_| DAMAGED)?;
    let mut buffer = Zeroizing::new(vec![0; MODULUS_BYTES]);
    let material = key.decrypt(&OAEP_SHA256_MGF1SHA256, payload, &mut buffer, None).map_err(|_| UNREADABLE)?;
    Ok(Secret::new(material.to_vec()))
}
