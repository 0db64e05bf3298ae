//! A root key with its versions, ready to wrap and unwrap.
//!
//! *Invariant:* material stays in its custody: data keys go in and come out, root keys do not.

use crate::{
    audit::event::Trail,
    crypto::{custody::Origin, seal::VersionPlace, wrapped::WrappedDek},
    error::Error,
    keys::{
        aad::Aad,
        alias::KeyRef,
        crn::InstanceId,
        key::Key,
        lifecycle::KeyAction,
        material::Secret,
        version::{SealedVersion, Version, VersionId},
    },
    service::{call::Permitted, keys::find},
    state::AppState,
};

/// A root key that is in a state for the action asked for.
pub(super) struct RootKey {
    instance: InstanceId,
    key: Key,
    newest: SealedVersion,
    older: Vec<SealedVersion>,
}

/// A data key wrapped under the newest version.
pub(crate) struct Rewrap {
    /// Opaque to callers.
    pub(crate) ciphertext: String,
    /// The newest version.
    pub(crate) version: VersionId,
}

impl RootKey {
    /// Finds it and checks what it is and its state.
    pub(super) async fn find(
        app: &AppState,
        permitted: &Permitted,
        name: Result<KeyRef, Error>,
        action: KeyAction,
        trail: &mut Trail,
    ) -> Result<Self, Error> {
        let (key, now) = find(app, permitted, &name?, trail).await?;
        key.require_root()?;
        key.check(action, now)?;
        let mut versions = app.store.versions(&permitted.grant, key.id).await?.into_iter();
        let newest = versions.next().ok_or(Error::Corrupt("a key without versions"))?;
        Ok(Self { instance: permitted.instance.id, key, newest, older: versions.collect() })
    }

    /// Under the newest version.
    pub(super) async fn wrap(&self, app: &AppState, dek: &Secret, aad: &Aad) -> Result<Rewrap, Error> {
        let version = self.newest.version.id;
        let wrapped = app.custody.wrap(&self.place(version), &self.newest.held, dek, aad).await?;
        Ok(Rewrap { ciphertext: wrapped.text()?, version })
    }

    /// By whichever version opens it, the hinted one first.
    pub(super) async fn unwrap(
        &self,
        app: &AppState,
        wrapped: &WrappedDek,
        aad: &Aad,
        trail: &mut Trail,
    ) -> Result<(Secret, VersionId), Error> {
        let mut candidates: Vec<&SealedVersion> = std::iter::once(&self.newest).chain(&self.older).collect();
        candidates.sort_by_key(|candidate| candidate.version.id != wrapped.hint());
        for SealedVersion { version, held } in candidates {
            if let Some(dek) = app.custody.unwrap(&self.place(version.id), held, wrapped, aad).await? {
                trail.version(*version);
                return Ok((dek, version.id));
            }
        }
        Err(Error::UnprocessableCiphertext)
    }

    fn place(&self, version: VersionId) -> VersionPlace {
        VersionPlace::of(self.instance, &self.key, version)
    }

    /// Whether a version is the one that wraps.
    pub(super) fn is_newest(&self, version: VersionId) -> bool {
        self.newest.version.id == version
    }
}

/// Gives the material of a new version of a key into custody.
pub(super) async fn hold(
    app: &AppState,
    instance: InstanceId,
    key: &Key,
    version: Version,
    origin: &Origin,
) -> Result<SealedVersion, Error> {
    let held = app.custody.make(&VersionPlace::of(instance, key, version.id), origin).await?;
    Ok(SealedVersion { version, held })
}

/// The payload of a standard key.
pub(super) fn payload(
    app: &AppState,
    instance: InstanceId,
    key: &Key,
    SealedVersion { version, held }: &SealedVersion,
) -> Result<Secret, Error> {
    app.custody.payload(&VersionPlace::of(instance, key, version.id), held)
}

/// Destroys the material of a key that was purged. What cannot be destroyed now is of no use to anybody, as nothing says any more
/// what it was for.
pub(super) async fn destroy(app: &AppState, versions: Vec<SealedVersion>) {
    for SealedVersion { version, held } in versions {
        if let Err(error) = app.custody.destroy(&held).await {
            tracing::error!(version = %version.id, detail = error.detail(), "material of a purged key");
        }
    }
}
