//! Tokens of cloud services that act for themselves, made with the server's own signing key.

use std::fs;

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use base64ct::{Base64, Encoding};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::{Api, Clock};

/// A service instance in the account of the server.
pub(crate) struct Service {
    pub(crate) crn: String,
    pub(crate) iam_id: String,
    pub(crate) token: String,
}

impl Api {
    /// A service instance that has these roles on what the attributes say.
    pub(crate) async fn service(&self, name: &str, roles: &[&str], attributes: &[(&str, &str)]) -> Service {
        let instance = uuid::Builder::from_random_bytes([7; 16]).into_uuid();
        let crn = format!("crn:v1:bluemix:public:{name}:us-south:a/{}:{instance}::", self.account);
        let iam_id = format!("crn-{crn}");
        if !roles.is_empty() {
            self.grant(&iam_id, roles, attributes).await;
        }
        let token = self.mint(&iam_id, &crn);
        Service { crn, iam_id, token }
    }

    fn mint(&self, iam_id: &str, crn: &str) -> String {
        let (id, sealed): (String, Vec<u8>) = self
            .database()
            .query_row("SELECT signing_key_id, signing_key FROM installation", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("an installation");
        let master = fs::read_to_string(self.directory().join("master.key")).expect("a file");
        let master = Base64::decode_vec(master.trim()).expect("base64");
        let aad = [b"envelock token signing key v1".as_slice(), id.as_bytes()].concat();
        let nonce = Nonce::try_from(&sealed[1..13]).expect("twelve bytes");
        let pem = Aes256Gcm::new_from_slice(&master)
            .expect("a 256-bit key")
            .decrypt(&nonce, Payload { msg: &sealed[13..], aad: &aad })
            .expect("sealed under the master key");
        let iat = self.clock.now().as_second();
        let claims = json!({
            "iam_id": iam_id, "id": iam_id, "realmid": "crn", "identifier": crn, "sub": crn, "sub_type": "CRN",
            "account": {"valid": true, "bss": self.account, "frozen": true}, "iat": iat, "exp": iat + 1800,
            "iss": "https://iam.envelock.internal/identity",
            "grant_type": "urn:ibm:params:oauth:grant-type:iam-authz",
        });
        let header = Header { kid: Some(id), ..Header::new(Algorithm::RS256) };
        let key = EncodingKey::from_rsa_pem(&pem).expect("a private key");
        jsonwebtoken::encode(&header, &claims, &key).expect("signed")
    }
}
