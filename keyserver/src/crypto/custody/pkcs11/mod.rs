//! PKCS#11 custody: root keys are objects of a token and work inside it.
//!
//! An object is found by an id that is derived from its place, so that a row of the database that was moved to another key finds
//! nothing.
//! *Invariant:* no root key's material is in the database or leaves the token; every wrap has a nonce of its own.

mod connection;
mod fault;
mod module;
mod objects;
mod pool;
mod probe;
mod start;
mod transport;

use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use self::{
    connection::{Connection, Id, Sealed},
    module::Module,
    objects::Name,
    pool::Pool,
    probe::Canary,
};
use crate::{
    crypto::{
        custody::{Custody, Origin},
        gcm::NONCE_BYTES,
        seal::VersionPlace,
        wrapped::Body,
    },
    error::Error,
    keys::{
        aad::Aad,
        environment::{Clock, Entropy},
        material::Secret,
    },
};

pub use start::{Pkcs11Error, Pkcs11Settings};

/// First byte of what is stored with a version; its object's id follows.
const FORMAT: u8 = 1;

/// Keys in a token.
pub(crate) struct Pkcs11Custody {
    pool: Pool,
    entropy: Arc<dyn Entropy>,
}

impl Pkcs11Custody {
    /// Opens the token and sees that it does its work. `has_keys` says that keys of this installation are in it already. Blocks
    /// for as long as the token takes, a second or so.
    pub(crate) fn open(
        settings: &Pkcs11Settings,
        has_keys: bool,
        clock: &Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Pkcs11Error> {
        let module = Module::load(settings)?;
        let session = module.first_session(settings)?;
        let (connection, canary) = Connection::first(session)?;
        if has_keys && canary == Canary::Made {
            connection.remove_canary()?;
            return Err(Pkcs11Error::OtherToken(settings.token_label.clone()));
        }
        let abilities = connection.abilities;
        tracing::info!(token = settings.token_label, ?abilities, "token");
        let pool = Pool::start(module, connection, settings.sessions, clock)
            .map_err(|error| Pkcs11Error::Failed(error.to_string()))?;
        Ok(Self { pool, entropy })
    }
}

#[async_trait]
impl Custody for Pkcs11Custody {
    async fn make(&self, place: &VersionPlace, origin: &Origin) -> Result<Vec<u8>, Error> {
        let id = id_of(place);
        // Exposed to the token only, by way of a copy for the thread that talks to it.
        let origin = match origin {
            Origin::Generated => Origin::Generated,
            Origin::Given(material) => Origin::Given(Secret::new(material.expose().to_vec())),
        };
        let name = Name { id, label: format!("envelock {} {}", place.key, place.version) };
        self.pool.run(move |connection| connection.make(&name, &origin)).await?;
        Ok([&[FORMAT], &id[..]].concat())
    }

    async fn wrap(&self, place: &VersionPlace, held: &[u8], dek: &Secret, aad: &Aad) -> Result<Body, Error> {
        let id = id_of_held(place, held)?;
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        // Exposed to the token only, by way of a copy for the thread that talks to it.
        let (dek, aad) = (Secret::new(dek.expose().to_vec()), aad.encode());
        let work = move |connection: &mut Connection| connection.encrypt(&id, nonce, &aad, dek.expose());
        Ok(Body::Direct { nonce, ciphertext: self.pool.run(work).await? })
    }

    async fn unwrap(
        &self,
        place: &VersionPlace,
        held: &[u8],
        wrapped: &Body,
        aad: &Aad,
    ) -> Result<Option<Secret>, Error> {
        let id = id_of_held(place, held)?;
        // What a key derived from the material encrypted: a token derives none.
        let Body::Direct { nonce, ciphertext } = wrapped else { return Ok(None) };
        let (nonce, ciphertext, aad) = (*nonce, ciphertext.clone(), aad.encode());
        let work = move |connection: &mut Connection| {
            let opened = connection.decrypt(&id, Sealed { nonce, aad: &aad, ciphertext: &ciphertext })?;
            Ok(opened.map(Secret::new))
        };
        self.pool.run(work).await
    }

    async fn is_made_of(&self, place: &VersionPlace, held: &[u8], material: &Secret) -> Result<bool, Error> {
        let id = id_of_held(place, held)?;
        // Exposed to the cipher only, by way of a copy for the thread that talks to the token.
        let material = Secret::new(material.expose().to_vec());
        self.pool.run(move |connection| connection.is_made_of(&id, &material)).await
    }

    async fn destroy(&self, held: &[u8]) -> Result<(), Error> {
        let id = id_in(held)?;
        self.pool.run(move |connection| connection.destroy(&id)).await
    }

    async fn check(&self) -> Result<(), Error> {
        self.pool.run(|connection| connection.canary_sings()).await
    }
}

fn id_of(place: &VersionPlace) -> Id {
    Sha256::digest(place.bytes()).into()
}

fn id_in(held: &[u8]) -> Result<Id, Error> {
    match held {
        [FORMAT, id @ ..] => id.try_into().map_err(|_| Error::Corrupt("the name of a key in the token")),
        _ => Err(Error::Corrupt("the name of a key in the token")),
    }
}

fn id_of_held(place: &VersionPlace, held: &[u8]) -> Result<Id, Error> {
    let id = id_in(held)?;
    if id == id_of(place) {
        Ok(id)
    } else {
        Err(Error::Corrupt("the name of a key in the token: moved to another key"))
    }
}
