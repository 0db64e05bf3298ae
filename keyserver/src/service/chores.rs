//! What the server does by itself: keys deactivate on their date, are rotated by policy, and are purged 90 days
//! after deletion; tokens get a new signing key.
//!
//! Every chore on every key is one conditional write together with its event, so several servers over one database share the
//! work without agreeing on anything, and what fell due while no server ran is done by the next one that starts.
//! *Invariant:* a chore that fails on one key is logged and tried again next time; it keeps no other key waiting.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    audit::{Answer, event::Trail},
    crypto::custody::Origin,
    error::Error,
    iam::{grant::Grant, roles::Action},
    keys::{
        alias::KeyRef,
        crn::Instance,
        key::{Key, KeyId},
        lifecycle::Chore,
        version::{Version, VersionId},
    },
    service::{
        audit::checkpoints,
        call::event,
        material::{destroy, hold},
        reclamations, signing_keys,
    },
    state::{App, AppState},
};

/// How many keys are looked up at a time.
const BATCH: u32 = 500;

/// Does everything that is due at `now`, and returns early when the server is told to stop.
pub(crate) async fn run_due(app: &App, now: Timestamp) {
    if let Err(error) = signing_keys::run_due(app, now).await {
        tracing::error!(detail = error.detail(), "token signing keys");
    }
    checkpoints::run_due(app, now).await;
    for chore in Chore::ALL {
        if let Err(error) = run(app, chore, now).await {
            log(chore, None, &error);
        }
    }
    if let Err(error) = reclamations::run_due(app, now).await {
        tracing::error!(detail = error.detail(), "reclamation of deleted instances");
    }
    // No caller can tell, so that there is nothing to record.
    if let Err(error) = app.store.forget_expired_import_tokens(now).await {
        tracing::error!(detail = error.detail(), "forgetting expired import tokens");
    }
}

async fn run(app: &App, chore: Chore, now: Timestamp) -> Result<(), Error> {
    let mut after = None;
    loop {
        let due = app.store.due(chore, now, after, BATCH).await?;
        for (instance, id) in &due {
            if app.stopping.is_cancelled() {
                return Ok(());
            }
            let (shared, instance, id) = (Arc::clone(app), instance.clone(), *id);
            // In a task of its own, so that even a panic stays with this key.
            let done = app.tasks.spawn(async move { perform(&shared, chore, &instance, id, now).await }).await;
            if let Err(error) = done.unwrap_or(Err(Error::Corrupt("a chore panicked"))) {
                log(chore, Some(id), &error);
            }
        }
        match due.last() {
            Some((_, last)) if due.len() == BATCH as usize => after = Some(*last),
            _ => return Ok(()),
        }
    }
}

/// On one key. That the key was changed or purged in between is no failure: if the chore is still due, it will be found again.
async fn perform(app: &AppState, chore: Chore, instance: &Instance, id: KeyId, now: Timestamp) -> Result<(), Error> {
    let grant = Grant::for_chore(chore, instance);
    let Some(key) = app.store.key(&grant, &KeyRef::Id(id), None).await? else { return Ok(()) };
    let mut trail = Trail::of_server(Action::Key(chore.action()), instance, app.entropy.uuid(), now);
    match chore {
        Chore::Expire => expire(app, &grant, key, &mut trail, now).await,
        Chore::Purge => purge(app, &grant, &key, &mut trail, now).await,
        Chore::Rotate => rotate(app, &grant, instance, key, &mut trail, now).await,
    }
}

async fn expire(app: &AppState, grant: &Grant, mut key: Key, trail: &mut Trail, now: Timestamp) -> Result<(), Error> {
    if key.expire(now).is_ok() {
        trail.key(&key, now);
        app.store.save_key(grant, key, None, event(app, trail, Answer::Empty)?).await?;
    }
    Ok(())
}

async fn purge(app: &AppState, grant: &Grant, key: &Key, trail: &mut Trail, now: Timestamp) -> Result<(), Error> {
    if key.require_purge_due(now).is_ok() {
        trail.key(key, now);
        let versions = app.store.versions(grant, key.id).await?;
        if app.store.purge_key(grant, key, event(app, trail, Answer::Empty)?).await? {
            destroy(app, versions).await;
        }
    }
    Ok(())
}

async fn rotate(
    app: &AppState,
    grant: &Grant,
    instance: &Instance,
    mut key: Key,
    trail: &mut Trail,
    now: Timestamp,
) -> Result<(), Error> {
    if key.require_rotation_due(now).is_ok() {
        let version = Version { id: VersionId(app.entropy.uuid()), created_at: now };
        key.rotate(version, Origin::Generated.bytes())?;
        let before = app.store.versions(grant, key.id).await?.into_iter().next();
        let sealed = hold(app, instance.id, &key, version, before.as_ref(), &Origin::Generated).await?;
        key.current = sealed.version;
        trail.key(&key, now);
        trail.version(sealed.version);
        app.store.save_key(grant, key, Some(sealed), event(app, trail, Answer::Empty)?).await?;
    }
    Ok(())
}

fn log(chore: Chore, key: Option<KeyId>, error: &Error) {
    tracing::error!(?chore, key = key.map(|key| key.to_string()), detail = error.detail(), "chore");
}
