//! What an importer does with a token, in this process.

use aes_gcm::{
    AesGcm,
    aead::{Aead, KeyInit, consts::U12},
    aes::{Aes128, Aes192, Aes256},
};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use axum::http::StatusCode;
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use super::Api;

/// A retrieved token.
pub(crate) struct Token {
    /// PEM text of the public key.
    pub(crate) pem: String,
    /// The nonce.
    pub(crate) nonce: Vec<u8>,
}

impl Api {
    /// Makes a token and retrieves it.
    pub(crate) async fn import_token(&self) -> Token {
        self.post("/api/v2/import_token").send().await.is(StatusCode::OK);
        let answer = self.get("/api/v2/import_token").send().await;
        Token::of(&answer.is(StatusCode::OK).json)
    }
}

impl Token {
    pub(crate) fn of(answer: &Value) -> Self {
        let bytes = |name: &str| Base64::decode_vec(answer[name].as_str().expect("text")).expect("base64");
        Self { pem: String::from_utf8(bytes("payload")).expect("a PEM text"), nonce: bytes("nonce") }
    }

    /// The fields of a secure import of this material.
    pub(crate) fn wrap(&self, material: &[u8]) -> Value {
        self.fields(&self.encrypt(material), material, &self.nonce, &[9; 12])
    }

    /// The fields around a payload, with a nonce under `key` and an iv of the caller's choice.
    pub(crate) fn fields(&self, payload: &[u8], key: &[u8], nonce: &[u8], iv: &[u8]) -> Value {
        json!({
            "payload": Base64::encode_string(payload), "encryptionAlgorithm": "RSAES_OAEP_SHA_256",
            "encryptedNonce": Base64::encode_string(&gcm(key, iv, nonce)), "iv": Base64::encode_string(iv),
        })
    }

    /// Any bytes under the public key.
    pub(crate) fn encrypt(&self, bytes: &[u8]) -> Vec<u8> {
        let der: String = self.pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let key = PublicEncryptingKey::from_der(&Base64::decode_vec(&der).expect("base64")).expect("a public key");
        assert_eq!(key.key_size_bits(), 4096);
        let key = OaepPublicEncryptingKey::new(key).expect("an RSA key");
        let mut out = vec![0; key.ciphertext_size()];
        key.encrypt(&OAEP_SHA256_MGF1SHA256, bytes, &mut out, None).expect("short enough").to_vec()
    }
}

/// AES-GCM without AAD; an iv that does not fit is cut or filled, for tests of just that.
fn gcm(key: &[u8], iv: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut nonce = [0; 12];
    iv.iter().zip(&mut nonce).for_each(|(from, to)| *to = *from);
    match key.len() {
        16 => AesGcm::<Aes128, U12>::new_from_slice(key).expect("fits").encrypt(&nonce.into(), plaintext),
        24 => AesGcm::<Aes192, U12>::new_from_slice(key).expect("fits").encrypt(&nonce.into(), plaintext),
        _ => AesGcm::<Aes256, U12>::new_from_slice(key).expect("fits").encrypt(&nonce.into(), plaintext),
    }
    .expect("encrypted")
}
