//! Versions that a key got where it is held, without this server having been asked.
//!
//! *Invariant:* the version is recorded with its event, or not at all; the request that found it is answered either way.

use crate::{
    audit::{Answer, event::Trail},
    error::Error,
    iam::{grant::Grant, roles::Action},
    keys::{
        crn::Instance,
        key::Key,
        lifecycle::{Chore, KeyAction},
        version::{Held, SealedVersion, Version, VersionId},
    },
    service::call::event,
    state::AppState,
};

/// Takes the version up as the newest. Another request that does the same at this moment is as good.
pub(super) async fn adopt(app: &AppState, instance: &Instance, key: &Key, held: &Held, id: VersionId) {
    if let Err(error) = record(app, instance, key, held, id).await {
        tracing::error!(key = %key.id, version = %id, detail = error.detail(), "a version made elsewhere was not recorded");
    }
}

async fn record(app: &AppState, instance: &Instance, key: &Key, held: &Held, id: VersionId) -> Result<(), Error> {
    let now = app.clock.now();
    let version = Version { id, created_at: now };
    let gained = SealedVersion { version, held: app.custody.with_version(held, id)? };
    let mut key = key.clone();
    key.rotated_elsewhere(version);
    let mut trail = Trail::of_server(Action::Key(KeyAction::Rotate), instance, app.entropy.uuid(), now);
    trail.key(&key, now);
    trail.version(version);
    let grant = Grant::for_chore(Chore::Rotate, instance);
    app.store.save_key(&grant, key, Some(gained), event(app, &trail, Answer::Empty)?).await?;
    Ok(())
}
