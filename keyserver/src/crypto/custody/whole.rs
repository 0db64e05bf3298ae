//! Custody of whole keys: what every custody is to the rest of the server.
//!
//! Most custodies hold versions one by one and know nothing of keys: [`Custody`], which is carried over here. One that holds keys
//! with all of their versions, as another key service does, names versions itself and finds by itself which one opens what.
//! *Invariant:* material of a root key goes in and never comes out.

use async_trait::async_trait;

use crate::{
    crypto::{
        custody::{Custody, Origin, believe},
        seal::VersionPlace,
        wrapped::WrappedDek,
    },
    error::Error,
    keys::{aad::Aad, material::Secret, version::VersionId},
};

/// A version that was taken up.
pub(crate) struct Made {
    /// What finds it again; tells nothing secret.
    pub(crate) bytes: Vec<u8>,
    /// Its id: that of the place, unless the custody names versions itself.
    pub(crate) version: VersionId,
}

/// An encrypted data key.
pub(crate) struct Wrapped {
    /// As callers get it.
    pub(crate) dek: WrappedDek,
    /// The version that wrapped it.
    pub(crate) version: VersionId,
    /// Id of the call to another service that did it.
    pub(crate) upstream: Option<String>,
}

/// A decrypted data key.
pub(crate) struct Opened {
    /// The data key.
    pub(crate) dek: Secret,
    /// The version that had wrapped it.
    pub(crate) version: VersionId,
    /// The same under the newest version, from a custody of whole keys that found it under another one.
    pub(crate) fresh: Option<Wrapped>,
    /// Id of the call to another service that did it.
    pub(crate) upstream: Option<String>,
}

/// A data key moved to the newest version without having been shown.
pub(crate) struct Moved {
    /// The version that had wrapped it.
    pub(crate) from: VersionId,
    /// Under the newest one.
    pub(crate) wrapped: Wrapped,
}

/// One place where keys are. `held` is what [`KeyCustody::make`] answered, `place` what it was given: a custody makes sure that
/// both belong together. Errors as of [`Custody`], and [`Error::Upstream`].
#[async_trait]
pub(crate) trait KeyCustody: Send + Sync {
    /// Takes up a new version; `before` is what is held of the one before it, if that is here, too.
    async fn make(&self, place: &VersionPlace, before: Option<&[u8]>, origin: &Origin) -> Result<Made, Error>;
    /// Encrypts a data key, differently every time.
    async fn wrap(&self, place: &VersionPlace, held: &[u8], dek: &Secret, aad: &Aad) -> Result<Wrapped, Error>;
    /// The data key; `None` if it was encrypted otherwise: by another version, or by another key where whole keys are held.
    async fn unwrap(
        &self,
        place: &VersionPlace,
        held: &[u8],
        wrapped: &WrappedDek,
        aad: &Aad,
    ) -> Result<Option<Opened>, Error>;
    /// Moves a data key to the newest version, so that it does not come here. `None` as of unwrap, and from a custody that does not do
    /// this by itself.
    async fn rewrap(
        &self,
        place: &VersionPlace,
        held: &[u8],
        wrapped: &WrappedDek,
        aad: &Aad,
    ) -> Result<Option<Moved>, Error>;
    /// Whether what one of the two opens, the other opens, too.
    fn same_key(&self, held: &[u8], other: &[u8]) -> bool;
    /// What is held of another version of the same key.
    fn with_version(&self, held: &[u8], version: VersionId) -> Result<Vec<u8>, Error>;
    /// Whether this is the material that is held.
    async fn is_made_of(&self, place: &VersionPlace, held: &[u8], material: &Secret) -> Result<bool, Error>;
    /// Destroys the material for good, with that of all versions that are [`KeyCustody::same_key`]; no error if that was done before.
    async fn destroy(&self, held: &[u8]) -> Result<(), Error>;
    /// Whether it does its work now.
    async fn check(&self) -> Result<(), Error>;
}

#[async_trait]
impl<C: Custody> KeyCustody for C {
    async fn make(&self, place: &VersionPlace, _: Option<&[u8]>, origin: &Origin) -> Result<Made, Error> {
        Ok(Made { bytes: Custody::make(self, place, origin).await?, version: place.version })
    }

    async fn wrap(&self, place: &VersionPlace, held: &[u8], dek: &Secret, aad: &Aad) -> Result<Wrapped, Error> {
        let body = Custody::wrap(self, place, held, dek, aad).await?;
        // Only its length is looked at.
        believe(&body, dek.expose().len())?;
        Ok(Wrapped { dek: WrappedDek::new(place.version, body)?, version: place.version, upstream: None })
    }

    async fn unwrap(
        &self,
        place: &VersionPlace,
        held: &[u8],
        wrapped: &WrappedDek,
        aad: &Aad,
    ) -> Result<Option<Opened>, Error> {
        let Some(body) = wrapped.body() else { return Ok(None) };
        let Some(dek) = Custody::unwrap(self, place, held, body, aad).await? else { return Ok(None) };
        // Only its length is looked at.
        believe(body, dek.expose().len())?;
        Ok(Some(Opened { dek, version: place.version, fresh: None, upstream: None }))
    }

    async fn rewrap(&self, _: &VersionPlace, _: &[u8], _: &WrappedDek, _: &Aad) -> Result<Option<Moved>, Error> {
        Ok(None)
    }

    fn same_key(&self, held: &[u8], other: &[u8]) -> bool {
        held == other
    }

    fn with_version(&self, _: &[u8], _: VersionId) -> Result<Vec<u8>, Error> {
        Err(Error::Corrupt("a version that its custody did not make"))
    }

    async fn is_made_of(&self, place: &VersionPlace, held: &[u8], material: &Secret) -> Result<bool, Error> {
        Custody::is_made_of(self, place, held, material).await
    }

    async fn destroy(&self, held: &[u8]) -> Result<(), Error> {
        Custody::destroy(self, held).await
    }

    async fn check(&self) -> Result<(), Error> {
        Custody::check(self).await
    }
}
