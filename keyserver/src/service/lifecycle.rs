//! What becomes of keys beyond their use: restored, purged, told about again.
//!
//! *Invariant:* only purging takes material away, and only from a key that was deleted long enough ago.

use crate::{
    audit::{Answer, Audited},
    crypto::seal::VersionPlace,
    error::Error,
    iam::roles::Action,
    keys::{alias::KeyRef, import_token::GivenMaterial, key::Key, lifecycle::KeyAction, version::SealedVersion},
    service::{
        call::{ATTEMPTS, Call, Permitted, event, finish},
        import,
        keys::{KeyView, alter, find, newest},
        material::destroy,
    },
    state::AppState,
};

/// Destroyed → active. The older form of the request carries the material of an imported key; the material is still here,
/// so that it must be the same.
pub(crate) async fn restore(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    material: Result<Option<GivenMaterial>, Error>,
) -> Audited<KeyView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::Restore));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (name, material) = (name?, material?);
        if let Some(given) = material {
            let (key, now) = find(app, &permitted, &name, &mut trail).await?;
            key.check(KeyAction::Restore, now)?;
            require_own_material(app, &permitted, &key, given).await?;
        }
        let altered = alter(app, &permitted, &name, &mut trail, Answer::Created, |key, now, after| {
            key.restore(now)?;
            after.key(key, now);
            Ok(None)
        });
        let (key, now) = altered.await?;
        Ok((Answer::Created, KeyView { key, instance: permitted.instance, now, payload: None }))
    }
    .await;
    finish(app, trail, outcome).await
}

async fn require_own_material(
    app: &AppState,
    permitted: &Permitted,
    key: &Key,
    given: GivenMaterial,
) -> Result<(), Error> {
    if !key.imported {
        return Err(Error::ImportedKeyRequired);
    }
    let given = import::open(app, permitted, given, key.extractable).await?;
    if let Some(SealedVersion { version, held }) = newest(app, permitted, key).await? {
        let place = VersionPlace::of(permitted.instance.id, key, version.id);
        if app.custody.is_made_of(&place, &held, &given).await? {
            return Ok(());
        }
    }
    Err(Error::InvalidField { name: "payload", why: "not the material that the key had when it was deleted" })
}

/// Removes a deleted key for ever; `show` asks for a last look at it.
pub(crate) async fn purge(app: &AppState, call: Call, name: Result<KeyRef, Error>, show: bool) -> Audited<KeyView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::Purge));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let name = name?;
        let answer = if show { Answer::Content } else { Answer::Empty };
        for _ in 0..ATTEMPTS {
            let (key, now) = find(app, &permitted, &name, &mut trail).await?;
            key.require_purgeable(now)?;
            let versions = app.store.versions(&permitted.grant, key.id).await?;
            let event = event(app, &trail, answer)?;
            if app.store.purge_key(&permitted.grant, &key, event).await? {
                trail.recorded();
                destroy(app, versions).await;
                return Ok((answer, KeyView { key, instance: permitted.instance, now, payload: None }));
            }
        }
        Err(Error::Contended)
    }
    .await;
    finish(app, trail, outcome).await
}

/// Tells the resources that use a key about its state again. Services inside this server ask for it on every use, so there
/// is nobody to write to; the request is checked and recorded all the same.
pub(crate) async fn sync(app: &AppState, call: Call, name: Result<KeyRef, Error>) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::Sync));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let name = name?;
        let altered = alter(app, &permitted, &name, &mut trail, Answer::Empty, |key, now, _| {
            key.require_root()?;
            key.sync(now)?;
            Ok(None)
        });
        altered.await?;
        Ok((Answer::Empty, ()))
    }
    .await;
    finish(app, trail, outcome).await
}
