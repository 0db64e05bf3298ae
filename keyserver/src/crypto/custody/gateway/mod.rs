//! Gateway custody: root keys stay in an upstream Key Protect service, which wraps and unwraps; this server decides who may.
//!
//! A key of this server is one root key there, with the same versions under the same ids, and callers get the upstream's ciphertexts
//! unchanged: whoever has access to the upstream opens them without this server.
//! *Invariant:* a key is used only after the upstream has said that it was made for the very key of this server that is asked for.

mod api;
mod believe;
mod breaker;
mod http;
mod known;
mod refusal;
mod retry;
mod settings;
mod token;
mod upstream;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    crypto::{
        custody::{
            Origin,
            whole::{KeyCustody, Made, Moved, Opened, Wrapped},
        },
        seal::VersionPlace,
        wrapped::WrappedDek,
    },
    error::{
        Error,
        upstream::{Fault, UpstreamError},
    },
    keys::{
        aad::Aad,
        environment::{Clock, Entropy},
        material::Secret,
        version::VersionId,
    },
};

use self::{api::Said, known::Known, upstream::Upstream, wire::Key};

pub(crate) use self::settings::Settings;

const PROBE_BYTES: usize = 32;

/// Root keys in an upstream key service.
pub(crate) struct Gateway {
    upstream: Upstream,
    known: Known,
    entropy: Arc<dyn Entropy>,
}

impl Gateway {
    /// Asks the upstream nothing yet. Fails if the machine has no usable list of certification authorities.
    pub(crate) fn new(settings: Settings, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> std::io::Result<Self> {
        let upstream = Upstream::new(settings, clock, Arc::clone(&entropy))?;
        Ok(Self { upstream, known: Known::new(), entropy })
    }

    async fn create(&self, place: &VersionPlace, origin: &Origin) -> Result<HeldKey, Error> {
        let material = given(origin);
        let said = self.upstream.create(&name(place), material).await?;
        let key = said.answer.id;
        let tried = async {
            require_made_for(place, &said)?;
            if said.answer.imported != material.is_some() {
                return Err(said.wrong("a key that was imported instead of generated, or the other way round"));
            }
            let version = self.newest(key).await?.answer;
            self.probe(key, version).await?;
            Ok(version)
        }
        .await;
        match tried {
            Ok(version) => {
                self.known.key(key, place.key);
                self.known.version(key, version);
                Ok(HeldKey { key, version })
            }
            Err(error) => {
                // Nobody will ever use it; that it may be left behind is in the log.
                drop(self.upstream.delete(key).await);
                Err(error)
            }
        }
    }

    async fn rotate(&self, place: &VersionPlace, before: HeldKey, origin: &Origin) -> Result<HeldKey, Error> {
        self.know(place, before).await?;
        self.upstream.rotate(before.key, given(origin)).await?;
        let said = self.newest(before.key).await?;
        let version = said.answer;
        if version == before.version {
            return Err(said.wrong("a rotation that gave the key no version"));
        }
        self.probe(before.key, version).await?;
        self.known.version(before.key, version);
        Ok(HeldKey { key: before.key, version })
    }

    async fn newest(&self, key: Uuid) -> Result<Said<Uuid>, Error> {
        let said = self.upstream.versions(key).await?;
        match said.answer.first() {
            Some(version) => Ok(Said { answer: version.id, correlation: said.correlation }),
            None => Err(said.wrong("a key without versions")),
        }
    }

    /// Whether what the key wraps can be unwrapped, with the same AAD and with no others.
    async fn probe(&self, key: Uuid, version: Uuid) -> Result<(), Error> {
        let aad = |text: &str| Aad::parse(vec![text.to_owned()]);
        let dek = Secret::random(PROBE_BYTES, &*self.entropy);
        let wrapped = self.upstream.wrap(key, &dek, &aad("probe")?).await?;
        let ciphertext = &wrapped.answer.ciphertext;
        believe::ciphertext(ciphertext, &dek).map_err(|why| wrapped.wrong(why))?;
        if wrapped.answer.key_version.id != version {
            return Err(wrapped.wrong("a wrap by another version than the newest"));
        }
        let opened = own(self.upstream.unwrap(key, ciphertext, &aad("probe")?).await)?;
        let opened = opened.ok_or_else(|| wrapped.wrong("a ciphertext that the key does not open"))?;
        let plaintext = believe::plaintext(&opened.answer.plaintext, ciphertext).map_err(|why| opened.wrong(why))?;
        if !plaintext.holds_same(&dek) {
            return Err(opened.wrong("another data key than the one wrapped"));
        }
        match self.upstream.unwrap(key, ciphertext, &aad("another probe")?).await {
            Err(Error::UnprocessableCiphertext) => Ok(()),
            Err(error) => Err(error),
            Ok(opened) => Err(opened.wrong("a data key that was unwrapped with other additional data")),
        }
    }

    /// The first time in the life of this process, asks whether the key is the one that was made for `place`.
    async fn know(&self, place: &VersionPlace, held: HeldKey) -> Result<(), Error> {
        if self.known.is_of(held.key, place.key) {
            return Ok(());
        }
        let said = self.upstream.describe(held.key).await?;
        if said.answer.id != held.key {
            return Err(said.wrong("another key than the one asked for"));
        }
        require_made_for(place, &said)?;
        self.known.key(held.key, place.key);
        self.known.version(held.key, held.version);
        Ok(())
    }

    /// A version that an answer names: one of the key's. One that is new here, because the key was rotated by somebody else,
    /// is looked up and, as the newest, tried out.
    async fn require_version<T>(&self, key: Uuid, version: Uuid, said: &Said<T>) -> Result<(), Error> {
        if self.known.has(key, version) {
            return Ok(());
        }
        let versions = self.upstream.versions(key).await?.answer;
        if versions.iter().all(|known| known.id != version) {
            return Err(said.wrong("a version that is none of the key's"));
        }
        if versions.first().is_some_and(|newest| newest.id == version) {
            self.probe(key, version).await?;
        }
        self.known.version(key, version);
        Ok(())
    }
}

#[async_trait]
impl KeyCustody for Gateway {
    async fn make(&self, place: &VersionPlace, before: Option<&[u8]>, origin: &Origin) -> Result<Made, Error> {
        let held = match before {
            Some(before) => self.rotate(place, HeldKey::parse(before)?, origin).await?,
            None => self.create(place, origin).await?,
        };
        Ok(Made { bytes: held.bytes(), version: VersionId(held.version) })
    }

    async fn wrap(&self, place: &VersionPlace, held: &[u8], dek: &Secret, aad: &Aad) -> Result<Wrapped, Error> {
        let held = HeldKey::parse(held)?;
        self.know(place, held).await?;
        let said = self.upstream.wrap(held.key, dek, aad).await?;
        believe::ciphertext(&said.answer.ciphertext, dek).map_err(|why| said.wrong(why))?;
        let version = said.answer.key_version.id;
        self.require_version(held.key, version, &said).await?;
        let Said { answer, correlation } = said;
        Ok(Wrapped {
            dek: WrappedDek::opaque(answer.ciphertext),
            version: VersionId(version),
            upstream: Some(correlation),
        })
    }

    async fn unwrap(
        &self,
        place: &VersionPlace,
        held: &[u8],
        wrapped: &WrappedDek,
        aad: &Aad,
    ) -> Result<Option<Opened>, Error> {
        let held = HeldKey::parse(held)?;
        self.know(place, held).await?;
        let Some(said) = own(self.upstream.unwrap(held.key, wrapped.text(), aad).await)? else { return Ok(None) };
        let dek = believe::plaintext(&said.answer.plaintext, wrapped.text()).map_err(|why| said.wrong(why))?;
        let version = said.answer.key_version.id;
        self.require_version(held.key, version, &said).await?;
        let fresh = match (&said.answer.ciphertext, &said.answer.rewrapped_key_version) {
            (None, None) => None,
            (Some(ciphertext), Some(newest)) if newest.id != version => {
                believe::ciphertext(ciphertext, &dek).map_err(|why| said.wrong(why))?;
                self.require_version(held.key, newest.id, &said).await?;
                Some(newest.id)
            }
            _ => return Err(said.wrong("a fresh ciphertext without a newer version, or the other way round")),
        };
        let Said { answer, correlation } = said;
        let fresh = answer.ciphertext.zip(fresh).map(|(ciphertext, newest)| Wrapped {
            dek: WrappedDek::opaque(ciphertext),
            version: VersionId(newest),
            upstream: None,
        });
        Ok(Some(Opened { dek, version: VersionId(version), fresh, upstream: Some(correlation) }))
    }

    async fn rewrap(
        &self,
        place: &VersionPlace,
        held: &[u8],
        wrapped: &WrappedDek,
        aad: &Aad,
    ) -> Result<Option<Moved>, Error> {
        let held = HeldKey::parse(held)?;
        self.know(place, held).await?;
        let Some(said) = own(self.upstream.rewrap(held.key, wrapped.text(), aad).await)? else { return Ok(None) };
        believe::moved(&said.answer.ciphertext, wrapped.text()).map_err(|why| said.wrong(why))?;
        let (from, to) = (said.answer.key_version.id, said.answer.rewrapped_key_version.id);
        self.require_version(held.key, from, &said).await?;
        self.require_version(held.key, to, &said).await?;
        let Said { answer, correlation } = said;
        let dek = WrappedDek::opaque(answer.ciphertext);
        Ok(Some(Moved {
            from: VersionId(from),
            wrapped: Wrapped { dek, version: VersionId(to), upstream: Some(correlation) },
        }))
    }

    fn same_key(&self, held: &[u8], other: &[u8]) -> bool {
        matches!((HeldKey::parse(held), HeldKey::parse(other)), (Ok(one), Ok(other)) if one.key == other.key)
    }

    fn with_version(&self, held: &[u8], version: VersionId) -> Result<Vec<u8>, Error> {
        Ok(HeldKey { version: version.0, ..HeldKey::parse(held)? }.bytes())
    }

    async fn is_made_of(&self, _: &VersionPlace, _: &[u8], _: &Secret) -> Result<bool, Error> {
        let why = "the key's material is at another key service and cannot be compared: restore it without";
        Err(Error::InvalidField { name: "payload", why })
    }

    /// There the key can be restored for a while, by those who have access there.
    async fn destroy(&self, held: &[u8]) -> Result<(), Error> {
        match self.upstream.delete(HeldKey::parse(held)?.key).await {
            Err(Error::Upstream(UpstreamError { fault: Fault::KeyDeleted | Fault::KeyMissing, .. })) => Ok(()),
            done => done,
        }
    }

    async fn check(&self) -> Result<(), Error> {
        self.upstream.ready().await
    }
}

/// What is kept with a version: its key and itself, as the upstream knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HeldKey {
    key: Uuid,
    version: Uuid,
}

impl HeldKey {
    const FORMAT: u8 = 1;

    fn bytes(self) -> Vec<u8> {
        [[Self::FORMAT].as_slice(), self.key.as_bytes(), self.version.as_bytes()].concat()
    }

    fn parse(bytes: &[u8]) -> Result<Self, Error> {
        match bytes.split_first() {
            Some((&Self::FORMAT, ids)) if ids.len() == 32 => {
                let id =
                    |bytes| Uuid::from_slice(bytes).map_err(|_| Error::Corrupt("the name of a key at the upstream"));
                Ok(Self { key: id(&ids[..16])?, version: id(&ids[16..])? })
            }
            _ => Err(Error::Corrupt("the name of a key at the upstream")),
        }
    }
}

/// How the key is named at the upstream, where names of keys do not change.
fn name(place: &VersionPlace) -> String {
    format!("envelock-{}-{}", place.instance, place.key)
}

fn require_made_for(place: &VersionPlace, said: &Said<Key>) -> Result<(), Error> {
    if said.answer.extractable {
        return Err(said.wrong("a standard key, which anybody with access there can read"));
    }
    if said.answer.name != name(place) {
        return Err(said.wrong("a key that was made for something else"));
    }
    Ok(())
}

fn given(origin: &Origin) -> Option<&Secret> {
    match origin {
        Origin::Generated => None,
        Origin::Given(material) => Some(material),
    }
}

/// `None` for a ciphertext that the key did not make.
fn own<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(said) => Ok(Some(said)),
        Err(Error::UnprocessableCiphertext | Error::InvalidField { name: "ciphertext", .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
