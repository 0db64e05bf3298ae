//! Creating, finding and changing keys.
//!
//! *Invariant:* a change is computed on the key as it was read and stored only if nobody changed it in between.

use crate::{
    audit::{Answer, Audited, event::Trail},
    crypto::seal::Place,
    error::Error,
    iam::roles::Action,
    keys::{
        alias::KeyRef,
        crn::{Instance, InstanceId},
        key::{Key, KeyId, KeyKind, NewKey},
        lifecycle::{KeyAction, State},
        material::Secret,
        registration::Registration,
        ring::RingId,
        version::{SealedVersion, Version, VersionId},
    },
    service::call::{Call, Permitted, event, finish},
    state::AppState,
    store::{Filter, Page},
};

/// Length of generated material.
pub(super) const GENERATED_BYTES: usize = 32;
/// How often a change is tried again when others change the same key.
pub(super) const ATTEMPTS: usize = 5;

/// A key as answers show it.
pub(crate) struct KeyView {
    /// The key.
    pub(crate) key: Key,
    /// Where it lives.
    pub(crate) instance: Instance,
    /// The moment at which its state is judged.
    pub(crate) now: jiff::Timestamp,
    /// Material of a standard key, where the answer may carry it.
    pub(crate) payload: Option<Secret>,
}

/// What a list request asks for.
#[derive(Debug)]
pub(crate) struct ListQuery {
    /// Part of the list.
    pub(crate) page: Page,
    /// Only in these states; by default all but destroyed.
    pub(crate) states: Option<Vec<State>>,
    /// Only standard keys (true) or root keys (false).
    pub(crate) extractable: Option<bool>,
}

/// Makes or imports a key.
pub(crate) async fn create(app: &AppState, call: Call, input: Result<NewKey, Error>) -> Audited<KeyView> {
    let (mut trail, credentials) = call.begin(app, Action::CreateKey);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        if permitted.ring.as_ref().is_some_and(|ring| !ring.is_default()) {
            return Err(Error::RingNotFound);
        }
        let (key, sealed, payload) = build(app, &permitted, input?)?;
        trail.key(&key, key.created_at);
        let event = event(app, &trail, Answer::Created)?;
        app.store.insert_key(&permitted.grant, key.clone(), sealed, event).await?;
        trail.recorded();
        let now = key.created_at;
        Ok((Answer::Created, KeyView { key, instance: permitted.instance, now, payload }))
    }
    .await;
    finish(app, trail, outcome).await
}

fn build(app: &AppState, permitted: &Permitted, new: NewKey) -> Result<(Key, SealedVersion, Option<Secret>), Error> {
    let id = KeyId(app.entropy.uuid());
    let version = new_version(app);
    let imported = new.material.is_some();
    let material = new.material.unwrap_or_else(|| Secret::random(GENERATED_BYTES, &*app.entropy));
    // Only its length is looked at.
    let kind = KeyKind { extractable: new.extractable, imported, bytes: material.expose().len() };
    let key = Key::create(id, new.label, kind, new.expires_at, version, permitted.grant.holder())?;
    let sealed = seal(app, permitted.instance.id, &key, version, &material)?;
    Ok((key, sealed, new.extractable.then_some(material)))
}

/// The keys of a page.
pub(crate) async fn list(app: &AppState, call: Call, query: Result<ListQuery, Error>) -> Audited<Vec<KeyView>> {
    let (mut trail, credentials) = call.begin(app, Action::ListKeys);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let query = query?;
        let now = app.clock.now();
        let keys = app.store.keys(&permitted.grant, filter(app, permitted.ring, &query), query.page).await?;
        trail.total(keys.len() as u64);
        let view = |key| KeyView { key, instance: permitted.instance.clone(), now, payload: None };
        Ok((Answer::Content, keys.into_iter().map(view).collect()))
    }
    .await;
    finish(app, trail, outcome).await
}

/// How many keys there are.
pub(crate) async fn count(app: &AppState, call: Call, query: Result<ListQuery, Error>) -> Audited<u64> {
    let (mut trail, credentials) = call.begin(app, Action::CountKeys);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let query = query?;
        let total = app.store.count_keys(&permitted.grant, filter(app, permitted.ring, &query)).await?;
        trail.total(total);
        Ok((Answer::Content, total))
    }
    .await;
    finish(app, trail, outcome).await
}

fn filter(app: &AppState, ring: Option<RingId>, query: &ListQuery) -> Filter {
    let shown = || State::ALL.into_iter().filter(|state| *state != State::Destroyed).collect();
    Filter {
        ring,
        states: query.states.clone().unwrap_or_else(shown),
        extractable: query.extractable,
        now: app.clock.now(),
    }
}

/// One key; a standard key with its payload while it is not deleted.
pub(crate) async fn read(app: &AppState, call: Call, name: Result<KeyRef, Error>) -> Audited<KeyView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::Read));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (key, now) = find(app, &permitted, &name?, &mut trail).await?;
        let shows_payload = key.extractable && key.state(now) != State::Destroyed;
        let payload = if shows_payload { newest_material(app, &permitted, &key).await? } else { None };
        Ok((Answer::Content, KeyView { key, instance: permitted.instance, now, payload }))
    }
    .await;
    finish(app, trail, outcome).await
}

async fn newest_material(app: &AppState, permitted: &Permitted, key: &Key) -> Result<Option<Secret>, Error> {
    let versions = app.store.versions(&permitted.grant, key.id).await?;
    versions.first().map(|sealed| open(app, permitted.instance.id, key, sealed)).transpose()
}

/// One key without any payload.
pub(crate) async fn metadata(app: &AppState, call: Call, name: Result<KeyRef, Error>) -> Audited<KeyView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::ReadMetadata));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (key, now) = find(app, &permitted, &name?, &mut trail).await?;
        Ok((Answer::Content, KeyView { key, instance: permitted.instance, now, payload: None }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// What a request for versions asks for.
#[derive(Debug)]
pub(crate) struct VersionsQuery {
    /// Part of the list.
    pub(crate) page: Page,
    /// Whether to say how many there are in all.
    pub(crate) total: bool,
    /// Whether keys that are not active are fine too.
    pub(crate) all_key_states: bool,
}

/// Versions of a key.
pub(crate) struct VersionsView {
    /// The page, newest first.
    pub(crate) versions: Vec<Version>,
    /// How many there are in all, if asked for.
    pub(crate) total: Option<usize>,
}

/// The versions of a key, newest first.
pub(crate) async fn versions(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    query: Result<VersionsQuery, Error>,
) -> Audited<VersionsView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::ListVersions));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (key, now) = find(app, &permitted, &name?, &mut trail).await?;
        let query = query?;
        if !query.all_key_states {
            key.check(KeyAction::ListVersions, now)?;
        }
        let all = app.store.versions(&permitted.grant, key.id).await?;
        let total = query.total.then_some(all.len());
        let page = all.into_iter().skip(query.page.offset as usize).take(query.page.limit as usize);
        let versions: Vec<Version> = page.map(|sealed| sealed.version).collect();
        trail.total(versions.len() as u64);
        Ok((Answer::Content, VersionsView { versions, total }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// A change that needs nothing but the key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    /// Active → suspended.
    Disable,
    /// Suspended → active.
    Enable,
    /// → destroyed.
    Delete {
        /// Whether the answer shows the key.
        show: bool,
        /// Whether resources that the key protects may become unreadable.
        force: bool,
    },
    /// Destroyed → active.
    Restore,
    /// First consent to a deletion that takes two people.
    SetForDeletion,
    /// That consent withdrawn.
    UnsetForDeletion,
}

impl Change {
    const fn action(self) -> KeyAction {
        match self {
            Self::Disable => KeyAction::Disable,
            Self::Enable => KeyAction::Enable,
            Self::Delete { .. } => KeyAction::Delete,
            Self::Restore => KeyAction::Restore,
            Self::SetForDeletion => KeyAction::SetForDeletion,
            Self::UnsetForDeletion => KeyAction::UnsetForDeletion,
        }
    }

    const fn answer(self) -> Answer {
        match self {
            Self::Disable
            | Self::Enable
            | Self::Delete { show: false, .. }
            | Self::SetForDeletion
            | Self::UnsetForDeletion => Answer::Empty,
            Self::Delete { show: true, .. } => Answer::Content,
            Self::Restore => Answer::Created,
        }
    }

    fn apply(self, key: &mut Key, now: jiff::Timestamp, by: &str) -> Result<(), Error> {
        match self {
            Self::Disable => key.require_root().and_then(|()| key.disable(now)),
            Self::Enable => key.require_root().and_then(|()| key.enable(now)),
            Self::Delete { .. } => key.delete(now, by),
            Self::Restore => key.restore(now),
            Self::SetForDeletion => key.set_for_deletion(now, by),
            Self::UnsetForDeletion => key.unset_for_deletion(now),
        }
    }
}

/// Changes a key's state.
pub(crate) async fn change(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    change: Change,
) -> Audited<KeyView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(change.action()));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let name = name?;
        for _ in 0..ATTEMPTS {
            let (mut key, now) = find(app, &permitted, &name, &mut trail).await?;
            change.apply(&mut key, now, permitted.grant.holder())?;
            if let Change::Delete { force, .. } = change {
                // Read after the key: a registration made since then changed the key, too, and is seen in the next attempt.
                let registrations = app.store.registrations_of(&permitted.grant, key.id).await?;
                Registration::allow_deletion(&registrations, force)?;
            }
            let mut after = trail.clone();
            after.key(&key, now);
            let event = event(app, &after, change.answer())?;
            if app.store.save_key(&permitted.grant, key.clone(), None, event).await? {
                trail.recorded();
                return Ok((change.answer(), KeyView { key, instance: permitted.instance, now, payload: None }));
            }
        }
        Err(Error::Contended)
    }
    .await;
    finish(app, trail, outcome).await
}

/// Adds a version: random for a generated key, the caller's material for an imported one.
pub(crate) async fn rotate(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    material: Result<Option<Secret>, Error>,
) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::Rotate));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (name, material) = (name?, material?);
        for _ in 0..ATTEMPTS {
            let (mut key, now) = find(app, &permitted, &name, &mut trail).await?;
            key.require_root()?;
            key.check(KeyAction::Rotate, now)?;
            let generated;
            let material = match (&material, key.imported) {
                (Some(material), true) => material,
                (None, true) => return Err(Error::PayloadRequired),
                (Some(_), false) => return Err(Error::PayloadNotAllowed),
                (None, false) => {
                    generated = Secret::random(GENERATED_BYTES, &*app.entropy);
                    &generated
                }
            };
            let version = new_version(app);
            // Only its length is looked at.
            key.rotate(version, material.expose().len())?;
            let sealed = seal(app, permitted.instance.id, &key, version, material)?;
            let mut after = trail.clone();
            after.version(version);
            let event = event(app, &after, Answer::Empty)?;
            if app.store.save_key(&permitted.grant, key, Some(sealed), event).await? {
                trail.recorded();
                return Ok((Answer::Empty, ()));
            }
        }
        Err(Error::Contended)
    }
    .await;
    finish(app, trail, outcome).await
}

/// A Key Protect request that nothing answers; recorded like the others.
pub(crate) async fn unknown(app: &AppState, call: Call, why: Error) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::UnknownRequest);
    let outcome = async {
        credentials.permit(app, &mut trail).await?;
        Err(why)
    }
    .await;
    finish(app, trail, outcome).await
}

/// Finds a key the caller may act on, and the moment at which that is judged.
pub(super) async fn find(
    app: &AppState,
    permitted: &Permitted,
    name: &KeyRef,
    trail: &mut Trail,
) -> Result<(Key, jiff::Timestamp), Error> {
    let found = app.store.key(&permitted.grant, name, permitted.ring.as_ref()).await?;
    let key = found.ok_or_else(|| permitted.grant.absence())?;
    let now = app.clock.now();
    trail.key(&key, now);
    trail.version(key.current);
    Ok((key, now))
}

/// Opens one version's material.
pub(super) fn open(app: &AppState, instance: InstanceId, key: &Key, sealed: &SealedVersion) -> Result<Secret, Error> {
    app.sealer.open(&sealed.material, Place::of_version(instance, key, sealed.version.id))
}

/// Seals the material of one version.
pub(super) fn seal(
    app: &AppState,
    instance: InstanceId,
    key: &Key,
    version: Version,
    material: &Secret,
) -> Result<SealedVersion, Error> {
    let material = app.sealer.seal(material, Place::of_version(instance, key, version.id), &*app.entropy)?;
    Ok(SealedVersion { version, material })
}

fn new_version(app: &AppState) -> Version {
    Version { id: VersionId(app.entropy.uuid()), created_at: app.clock.now() }
}
