//! Custody: where the material of root keys is, and what works with it there.
//!
//! Which custody holds a version is fixed when the version is made and recorded with it, so that an installation moves from one
//! to another by rotating its keys. Standard keys are handed out on request and are always in file custody.
//! *Invariant:* material of a root key goes in and never comes out; what a custody answers is checked before it is believed.

mod file;
pub(crate) mod gateway;
mod pkcs11;
pub(crate) mod whole;

use async_trait::async_trait;

use crate::{
    crypto::{
        custody::whole::{KeyCustody, Made, Moved, Opened, Wrapped},
        seal::VersionPlace,
        wrapped::{Body, WrappedDek},
    },
    error::Error,
    keys::{
        aad::Aad,
        material::Secret,
        version::{CustodyKind, Held, VersionId},
    },
};

pub(crate) use file::FileCustody;
pub(crate) use pkcs11::Pkcs11Custody;
pub use pkcs11::{Pkcs11Error, Pkcs11Settings};

/// Length of generated material.
pub(crate) const GENERATED_BYTES: usize = 32;

/// Where the material of a new version comes from.
pub(crate) enum Origin {
    /// Drawn by the custody: 256 bits that nobody else ever sees.
    Generated,
    /// The caller's own, of a size that is legal for the key.
    Given(Secret),
}

impl Origin {
    /// Length of the material.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Generated => GENERATED_BYTES,
            // Only its length is looked at.
            Self::Given(material) => material.expose().len(),
        }
    }
}

/// One place where material is. `held` is what [`Custody::make`] answered, `place` what it was given: a custody makes sure that
/// both belong together.
///
/// Errors: [`Error::CustodyUnreachable`] when asking again later may help, [`Error::CustodyRefused`] when it will not,
/// [`Error::CustodyLied`] for an answer that cannot be true.
#[async_trait]
pub(crate) trait Custody: Send + Sync {
    /// Takes up the material of a new version. What it answers is stored with the version, tells nothing secret, and is all that
    /// the custody is given to find the material again.
    async fn make(&self, place: &VersionPlace, origin: &Origin) -> Result<Vec<u8>, Error>;
    /// Encrypts a data key, differently every time.
    async fn wrap(&self, place: &VersionPlace, held: &[u8], dek: &Secret, aad: &Aad) -> Result<Body, Error>;
    /// The data key; `None` if this version with these AAD did not encrypt it, or not in this form.
    async fn unwrap(
        &self,
        place: &VersionPlace,
        held: &[u8],
        wrapped: &Body,
        aad: &Aad,
    ) -> Result<Option<Secret>, Error>;
    /// Whether this is the material that is held.
    async fn is_made_of(&self, place: &VersionPlace, held: &[u8], material: &Secret) -> Result<bool, Error>;
    /// Destroys the material for good; no error if that was done before.
    async fn destroy(&self, held: &[u8]) -> Result<(), Error>;
    /// Whether it does its work now.
    async fn check(&self) -> Result<(), Error>;
}

/// The custodies of this server.
pub(crate) struct Custodies {
    file: FileCustody,
    others: Vec<(CustodyKind, Box<dyn KeyCustody>)>,
    new_root_keys: CustodyKind,
}

impl Custodies {
    /// File custody, the others that are set up here, and the one that new versions of root keys go to.
    pub(crate) fn new(
        file: FileCustody,
        others: Vec<(CustodyKind, Box<dyn KeyCustody>)>,
        new_root_keys: CustodyKind,
    ) -> Self {
        Self { file, others, new_root_keys }
    }

    fn of(&self, kind: CustodyKind) -> Result<&dyn KeyCustody, Error> {
        if kind == CustodyKind::File {
            return Ok(&self.file);
        }
        let found = self.others.iter().find(|(other, _)| *other == kind);
        found.map(|(_, custody)| &**custody).ok_or_else(|| Error::CustodyUnreachable {
            detail: format!("a key is in the custody `{}`, which is not set up here", kind.name()),
            retry_after: None,
        })
    }

    /// Takes up the material of a new version, in the custody that new versions of such keys go to; `before` is the version before
    /// it. Answers with its id: that of the place, unless the custody names versions itself.
    pub(crate) async fn make(
        &self,
        place: &VersionPlace,
        before: Option<&Held>,
        origin: &Origin,
    ) -> Result<(VersionId, Held), Error> {
        let kind = if place.extractable { CustodyKind::File } else { self.new_root_keys };
        let before = before.filter(|before| before.kind == kind).map(|before| before.bytes.as_slice());
        let Made { bytes, version } = self.of(kind)?.make(place, before, origin).await?;
        Ok((version, Held { kind, bytes }))
    }

    /// The payload of a standard key. No root key has one.
    pub(crate) fn payload(&self, place: &VersionPlace, held: &Held) -> Result<Secret, Error> {
        match held.kind {
            CustodyKind::File if place.extractable => self.file.open(place, &held.bytes),
            _ => Err(Error::CustodyRefused("the material of a root key is not shown".to_owned())),
        }
    }

    /// Encrypts a data key under one version.
    pub(crate) async fn wrap(
        &self,
        place: &VersionPlace,
        held: &Held,
        dek: &Secret,
        aad: &Aad,
    ) -> Result<Wrapped, Error> {
        self.of(held.kind)?.wrap(place, &held.bytes, dek, aad).await
    }

    /// The data key; `None` if this version with these AAD did not encrypt it.
    pub(crate) async fn unwrap(
        &self,
        place: &VersionPlace,
        held: &Held,
        wrapped: &WrappedDek,
        aad: &Aad,
    ) -> Result<Option<Opened>, Error> {
        self.of(held.kind)?.unwrap(place, &held.bytes, wrapped, aad).await
    }

    /// Moves a data key to the newest version inside the custody; `None` if that does not do it by itself, or not with this one.
    pub(crate) async fn rewrap(
        &self,
        place: &VersionPlace,
        held: &Held,
        wrapped: &WrappedDek,
        aad: &Aad,
    ) -> Result<Option<Moved>, Error> {
        self.of(held.kind)?.rewrap(place, &held.bytes, wrapped, aad).await
    }

    /// Whether what one of the two opens, the other opens, too.
    pub(crate) fn same_key(&self, held: &Held, other: &Held) -> bool {
        held.kind == other.kind && self.of(held.kind).is_ok_and(|custody| custody.same_key(&held.bytes, &other.bytes))
    }

    /// What is held of a version that its custody made without being asked.
    pub(crate) fn with_version(&self, held: &Held, version: VersionId) -> Result<Held, Error> {
        let bytes = self.of(held.kind)?.with_version(&held.bytes, version)?;
        Ok(Held { kind: held.kind, bytes })
    }

    /// Whether this is the material that is held.
    pub(crate) async fn is_made_of(&self, place: &VersionPlace, held: &Held, material: &Secret) -> Result<bool, Error> {
        self.of(held.kind)?.is_made_of(place, &held.bytes, material).await
    }

    /// Destroys the material of a version that is no more, and of those that are [`Custodies::same_key`].
    pub(crate) async fn destroy(&self, held: &Held) -> Result<(), Error> {
        self.of(held.kind)?.destroy(&held.bytes).await
    }

    /// Whether all of them do their work now.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        for (_, custody) in &self.others {
            custody.check().await?;
        }
        Ok(())
    }
}

fn believe(body: &Body, dek_bytes: usize) -> Result<(), Error> {
    if body.can_hold(dek_bytes) {
        return Ok(());
    }
    Err(Error::CustodyLied(format!("an encrypted data key and one of {dek_bytes} bytes do not fit together")))
}

#[cfg(test)]
mod tests;
