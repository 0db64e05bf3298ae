//! A root key with its versions, ready to wrap and unwrap.
//!
//! *Invariant:* material is opened one version at a time, only when needed, and wiped right after.

use crate::{
    audit::event::Trail,
    crypto::wrap::{self, WrappedDek},
    error::Error,
    keys::{
        aad::Aad,
        alias::KeyRef,
        crn::InstanceId,
        key::Key,
        lifecycle::KeyAction,
        material::Secret,
        version::{SealedVersion, VersionId},
    },
    service::{
        call::Permitted,
        keys::{find, open},
    },
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
    pub(super) fn wrap(&self, app: &AppState, dek: &Secret, aad: &Aad) -> Result<Rewrap, Error> {
        let version = self.newest.version.id;
        let root = open(app, self.instance, &self.key, &self.newest)?;
        let ciphertext = wrap::wrap(&root, version, dek, aad, &*app.entropy)?;
        Ok(Rewrap { ciphertext, version })
    }

    /// By whichever version opens it, the hinted one first.
    pub(super) fn unwrap(
        &self,
        app: &AppState,
        wrapped: &WrappedDek,
        aad: &Aad,
        trail: &mut Trail,
    ) -> Result<(Secret, VersionId), Error> {
        let mut candidates: Vec<&SealedVersion> = std::iter::once(&self.newest).chain(&self.older).collect();
        candidates.sort_by_key(|candidate| candidate.version.id != wrapped.hint());
        for candidate in candidates {
            if let Some(dek) = wrapped.unwrap(&open(app, self.instance, &self.key, candidate)?, aad) {
                trail.version(candidate.version);
                return Ok((dek, candidate.version.id));
            }
        }
        Err(Error::UnprocessableCiphertext)
    }

    /// Whether a version is the one that wraps.
    pub(super) fn is_newest(&self, version: VersionId) -> bool {
        self.newest.version.id == version
    }
}
