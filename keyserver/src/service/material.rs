//! A root key with its versions, ready to wrap and unwrap.
//!
//! *Invariant:* material stays in its custody: data keys go in and come out, root keys do not.

use std::sync::Arc;

use crate::{
    audit::event::Trail,
    crypto::{
        custody::{
            Origin,
            whole::{Opened, Wrapped},
        },
        seal::VersionPlace,
        wrapped::WrappedDek,
    },
    error::Error,
    keys::{
        aad::Aad,
        alias::KeyRef,
        crn::{Instance, InstanceId},
        key::Key,
        lifecycle::KeyAction,
        material::Secret,
        version::{Held, SealedVersion, Version, VersionId},
    },
    service::{adoption::adopt, call::Permitted, keys::follow},
    state::AppState,
    store::KnownKey,
};

/// A root key that is in a state for the action asked for; it has a version at least.
pub(super) struct RootKey<'a> {
    instance: &'a Instance,
    known: Arc<KnownKey>,
}

/// A data key wrapped under the newest version.
pub(crate) struct Rewrap {
    /// Opaque to callers.
    pub(crate) ciphertext: String,
    /// The newest version.
    pub(crate) version: VersionId,
}

/// A data key that a version opened.
pub(super) struct Found {
    /// The data key.
    pub(super) dek: Secret,
    /// Which one.
    pub(super) version: VersionId,
    /// The same under the newest version, if that is another one.
    pub(super) fresh: Option<Rewrap>,
}

impl<'a> RootKey<'a> {
    /// Finds it and checks what it is and its state.
    pub(super) async fn find(
        app: &AppState,
        permitted: &'a Permitted,
        name: Result<KeyRef, Error>,
        action: KeyAction,
        trail: &mut Trail,
    ) -> Result<Self, Error> {
        let found = app.known.key(&permitted.grant, &name?, permitted.ring.as_ref()).await?;
        let found = found.filter(|found| permitted.reaches(found.key.id));
        let known = found.ok_or_else(|| permitted.absence())?;
        let now = app.clock.now();
        follow(trail, &known.key, now);
        known.key.require_root()?;
        known.key.check(action, now)?;
        if known.versions.is_empty() {
            return Err(Error::Corrupt("a key without versions"));
        }
        Ok(Self { instance: &permitted.instance, known })
    }

    fn newest(&self) -> &SealedVersion {
        &self.known.versions[0]
    }

    /// Under the newest version.
    pub(super) async fn wrap(
        &self,
        app: &AppState,
        dek: &Secret,
        aad: &Aad,
        trail: &mut Trail,
    ) -> Result<Rewrap, Error> {
        let SealedVersion { version, held } = self.newest();
        let wrapped = app.custody.wrap(&self.place(version.id), held, dek, aad).await?;
        Ok(self.by_newest(app, held, wrapped, trail).await)
    }

    /// By whichever version opens it, the hinted one first; and wrapped again, if that is not the newest.
    pub(super) async fn unwrap(
        &self,
        app: &AppState,
        wrapped: &WrappedDek,
        aad: &Aad,
        trail: &mut Trail,
    ) -> Result<Found, Error> {
        for SealedVersion { version, held } in self.candidates(app, wrapped) {
            let opened = app.custody.unwrap(&self.place(version.id), held, wrapped, aad).await?;
            let Some(Opened { dek, version, fresh, upstream }) = opened else { continue };
            trail.upstream(upstream);
            self.opened_by(version, trail);
            let in_newest = app.custody.same_key(held, &self.newest().held);
            let fresh = match fresh {
                Some(fresh) if in_newest => Some(self.by_newest(app, held, fresh, trail).await),
                None if in_newest => None,
                _ => Some(self.wrap(app, &dek, aad, trail).await?),
            };
            if let Some(fresh) = &fresh {
                trail.rewrapped(fresh.version);
            }
            return Ok(Found { dek, version, fresh });
        }
        Err(Error::UnprocessableCiphertext)
    }

    /// Moves a wrapped data key to the newest version, inside its custody where that can do it; says by which version it was
    /// wrapped.
    pub(super) async fn rewrap(
        &self,
        app: &AppState,
        wrapped: &WrappedDek,
        aad: &Aad,
        trail: &mut Trail,
    ) -> Result<(VersionId, Rewrap), Error> {
        let SealedVersion { version, held } = self.newest();
        if let Some(moved) = app.custody.rewrap(&self.place(version.id), held, wrapped, aad).await? {
            self.opened_by(moved.from, trail);
            let fresh = self.by_newest(app, held, moved.wrapped, trail).await;
            trail.rewrapped(fresh.version);
            return Ok((moved.from, fresh));
        }
        let Found { dek, version, fresh } = self.unwrap(app, wrapped, aad, trail).await?;
        let fresh = match fresh {
            Some(fresh) => fresh,
            None => self.wrap(app, &dek, aad, trail).await?,
        };
        trail.rewrapped(fresh.version);
        Ok((version, fresh))
    }

    /// The hinted version first; of versions that open the same, one.
    fn candidates(&self, app: &AppState, wrapped: &WrappedDek) -> Vec<&SealedVersion> {
        let mut all: Vec<&SealedVersion> = self.known.versions.iter().collect();
        all.sort_by_key(|candidate| Some(candidate.version.id) != wrapped.hint());
        one_of_each(app, all)
    }

    /// What was wrapped by the newest version, which is new here if the key was rotated where it is held.
    async fn by_newest(&self, app: &AppState, held: &Held, wrapped: Wrapped, trail: &mut Trail) -> Rewrap {
        let Wrapped { dek, version, upstream } = wrapped;
        trail.upstream(upstream);
        if self.version(version).is_none() {
            adopt(app, self.instance, &self.known.key, held, version).await;
        }
        Rewrap { ciphertext: dek.into_text(), version }
    }

    fn opened_by(&self, version: VersionId, trail: &mut Trail) {
        if let Some(version) = self.version(version) {
            trail.version(version);
        }
    }

    fn version(&self, id: VersionId) -> Option<Version> {
        self.known.versions.iter().find(|known| known.version.id == id).map(|known| known.version)
    }

    fn place(&self, version: VersionId) -> VersionPlace {
        VersionPlace::of(self.instance.id, &self.known.key, version)
    }
}

/// Gives the material of a new version of a key into custody; `before` is the version before it. The custody may name the
/// version otherwise than it is named here.
pub(super) async fn hold(
    app: &AppState,
    instance: InstanceId,
    key: &Key,
    version: Version,
    before: Option<&SealedVersion>,
    origin: &Origin,
) -> Result<SealedVersion, Error> {
    let (place, before) = (VersionPlace::of(instance, key, version.id), before.map(|before| &before.held));
    let (id, held) = app.custody.make(&place, before, origin).await?;
    Ok(SealedVersion { version: Version { id, ..version }, held })
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

/// Of versions that open the same, the first.
fn one_of_each<'v>(app: &AppState, versions: impl IntoIterator<Item = &'v SealedVersion>) -> Vec<&'v SealedVersion> {
    let mut first: Vec<&SealedVersion> = Vec::new();
    for version in versions {
        if !first.iter().any(|earlier| app.custody.same_key(&earlier.held, &version.held)) {
            first.push(version);
        }
    }
    first
}

/// Destroys the material of a key that was purged. What cannot be destroyed now is of no use to anybody, as nothing says any more
/// what it was for.
pub(super) async fn destroy(app: &AppState, versions: Vec<SealedVersion>) {
    for SealedVersion { version, held } in one_of_each(app, &versions) {
        if let Err(error) = app.custody.destroy(held).await {
            tracing::error!(version = %version.id, detail = error.detail(), "material of a purged key");
        }
    }
}
