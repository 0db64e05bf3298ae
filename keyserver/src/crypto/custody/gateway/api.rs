//! The calls of the Key Protect API that a gateway makes.
//!
//! *Invariant:* a body with a secret is written once, into memory that is wiped; answers are read and not yet believed.

use base64ct::{Base64, Encoding};
use hyper::Method;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    crypto::custody::gateway::{
        retry::Repeat,
        upstream::{Reply, Request, Upstream},
        wire::{Collection, Create, Key, Rewrapped, Rotate, Unwrap, Unwrapped, Version, Wrap, Wrapped},
    },
    error::{
        Error,
        upstream::{Fault, UpstreamError},
    },
    keys::{aad::Aad, material::Secret},
};

/// An answer with the id of the call that gave it.
pub(super) struct Said<T> {
    pub(super) answer: T,
    pub(super) correlation: String,
}

impl<T> Said<T> {
    /// The error for an answer that cannot be true; `why` is for the log and holds nothing of it.
    pub(super) fn wrong(&self, why: &str) -> Error {
        wrong(Fault::Wrong, &self.correlation, why)
    }
}

fn wrong(fault: Fault, correlation: &str, why: &str) -> Error {
    tracing::error!(correlation, why, "upstream key service: an answer that is not believed");
    Error::Upstream(UpstreamError { fault, correlation: Some(correlation.to_owned()), detail: why.to_owned() })
}

impl Upstream {
    /// Makes a root key.
    pub(super) async fn create(&self, name: &str, material: Option<&Secret>) -> Result<Said<Key>, Error> {
        let payload = material.map(text);
        let body = json(&Create::root_key(name, payload.as_ref()))?;
        self.one(Method::POST, "/keys".to_owned(), Some(body), Repeat::IfNotDone).await
    }

    /// A key without any material.
    pub(super) async fn describe(&self, key: Uuid) -> Result<Said<Key>, Error> {
        self.one(Method::GET, format!("/keys/{key}/metadata"), None, Repeat::Harmless).await
    }

    /// All versions of a key, the newest first.
    pub(super) async fn versions(&self, key: Uuid) -> Result<Said<Vec<Version>>, Error> {
        let path = format!("/keys/{key}/versions?limit=5000&allKeyStates=true");
        let reply = self.call(request(Method::GET, path, None, Repeat::Harmless)).await?;
        let Said { answer, correlation } = read::<Collection<Version>>(reply)?;
        Ok(Said { answer: answer.resources, correlation })
    }

    /// Adds a version.
    pub(super) async fn rotate(&self, key: Uuid, material: Option<&Secret>) -> Result<(), Error> {
        let payload = material.map(text);
        let body = json(&Rotate { payload: payload.as_ref() })?;
        let path = format!("/keys/{key}/actions/rotate");
        self.call(request(Method::POST, path, Some(body), Repeat::IfNotDone)).await.map(drop)
    }

    /// Encrypts a data key.
    pub(super) async fn wrap(&self, key: Uuid, dek: &Secret, aad: &Aad) -> Result<Said<Wrapped>, Error> {
        let body = json(&Wrap { plaintext: &text(dek), aad: aad.items() })?;
        self.action(key, "wrap", body).await
    }

    /// Decrypts a data key.
    pub(super) async fn unwrap(&self, key: Uuid, ciphertext: &str, aad: &Aad) -> Result<Said<Unwrapped>, Error> {
        self.action(key, "unwrap", json(&Unwrap { ciphertext, aad: aad.items() })?).await
    }

    /// Moves a data key to the newest version.
    pub(super) async fn rewrap(&self, key: Uuid, ciphertext: &str, aad: &Aad) -> Result<Said<Rewrapped>, Error> {
        self.action(key, "rewrap", json(&Unwrap { ciphertext, aad: aad.items() })?).await
    }

    /// Deletes a key, which the upstream then keeps for its own waiting times.
    pub(super) async fn delete(&self, key: Uuid) -> Result<(), Error> {
        self.call(request(Method::DELETE, format!("/keys/{key}"), None, Repeat::Harmless)).await.map(drop)
    }

    /// Whether it answers.
    pub(super) async fn ready(&self) -> Result<(), Error> {
        self.call(request(Method::GET, "/keys?limit=1".to_owned(), None, Repeat::IfNotDone)).await.map(drop)
    }

    async fn action<T: DeserializeOwned>(
        &self,
        key: Uuid,
        action: &str,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<Said<T>, Error> {
        let path = format!("/keys/{key}/actions/{action}");
        read(self.call(request(Method::POST, path, Some(body), Repeat::Harmless)).await?)
    }

    async fn one(
        &self,
        method: Method,
        path: String,
        body: Option<Zeroizing<Vec<u8>>>,
        repeat: Repeat,
    ) -> Result<Said<Key>, Error> {
        let Said { answer, correlation } =
            read::<Collection<Key>>(self.call(request(method, path, body, repeat)).await?)?;
        match <[Key; 1]>::try_from(answer.resources) {
            Ok([answer]) => Ok(Said { answer, correlation }),
            Err(_) => Err(wrong(Fault::Wrong, &correlation, "one key was asked for and not one key told")),
        }
    }
}

fn request(method: Method, path: String, body: Option<Zeroizing<Vec<u8>>>, repeat: Repeat) -> Request {
    Request { method, path, body, repeat }
}

fn read<T: DeserializeOwned>(Reply { body, correlation }: Reply) -> Result<Said<T>, Error> {
    // What serde would say may quote the answer.
    match serde_json::from_slice(&body) {
        Ok(answer) => Ok(Said { answer, correlation }),
        Err(_) => Err(wrong(Fault::Malformed, &correlation, "not the JSON that this call answers with")),
    }
}

/// Exposed to be sent.
fn text(secret: &Secret) -> Zeroizing<String> {
    Zeroizing::new(Base64::encode_string(secret.expose()))
}

/// Counted first, so that the buffer with the secret never has to grow and leave a copy behind.
fn json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Error> {
    const FAILED: Error = Error::Corrupt("a request to the upstream");
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_err(|_| FAILED)?;
    let mut body = Zeroizing::new(Vec::with_capacity(count.0));
    serde_json::to_writer(&mut *body, value).map_err(|_| FAILED)?;
    Ok(body)
}

/// Counts what is written to it.
struct Count(usize);

impl std::io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
