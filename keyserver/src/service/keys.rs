//! Creating, finding and changing keys.
//!
//! *Invariant:* a change is computed on the key as it was read and stored only if nobody changed it in between.

use crate::{
    audit::{Answer, Audited, event::Trail},
    crypto::custody::Origin,
    error::Error,
    iam::roles::Action,
    keys::{
        alias::KeyRef,
        crn::Instance,
        import_token::GivenMaterial,
        instance_policy::Making,
        key::{Key, KeyId, KeyKind, NewKey},
        lifecycle::{KeyAction, State},
        material::Secret,
        policy::{FirstPolicies, PolicyAuthor},
        registration::Registration,
        version::{SealedVersion, Version, VersionId},
    },
    service::{
        call::{ATTEMPTS, Call, Permitted, event, finish},
        import,
        material::{hold, payload},
    },
    state::AppState,
};

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

/// Makes or imports a key.
pub(crate) async fn create(app: &AppState, call: Call, input: Result<NewKey, Error>) -> Audited<KeyView> {
    create_as(app, call, Action::CreateKey, input).await
}

/// Makes or imports a key with policies of its own instead of the instance's.
pub(crate) async fn create_with_policies(app: &AppState, call: Call, input: Result<NewKey, Error>) -> Audited<KeyView> {
    create_as(app, call, Action::CreateKeyWithPolicies, input).await
}

async fn create_as(app: &AppState, call: Call, action: Action, input: Result<NewKey, Error>) -> Audited<KeyView> {
    let (mut trail, credentials) = call.begin(app, action);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let mut new = input?;
        permitted.policies.allow_making(new.extractable, making(&new))?;
        let origin = match new.material.take() {
            Some(given) => Origin::Given(import::open(app, &permitted, given, new.extractable).await?),
            None => Origin::Generated,
        };
        let mut key = build(app, &permitted, new, &origin)?;
        let sealed = hold(app, permitted.instance.id, &key, key.current, None, &origin).await?;
        key.current = sealed.version;
        let shows_payload = key.extractable;
        let payload = shows_payload.then(|| payload(app, permitted.instance.id, &key, &sealed)).transpose()?;
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

const fn making(new: &NewKey) -> Making {
    match &new.material {
        None => Making::Generated,
        Some(GivenMaterial::Plain(_)) => Making::Imported,
        Some(GivenMaterial::Wrapped(_)) => Making::ImportedWithToken,
    }
}

fn build(app: &AppState, permitted: &Permitted, new: NewKey, origin: &Origin) -> Result<Key, Error> {
    let id = KeyId(app.entropy.uuid());
    let version = new_version(app);
    let imported = matches!(origin, Origin::Given(_));
    let kind = KeyKind { extractable: new.extractable, imported, bytes: origin.bytes() };
    let by = permitted.grant.holder();
    let mut key = Key::create(id, new.label, kind, new.expires_at, version, by)?;
    if let Some(ring) = &permitted.ring {
        key.ring = ring.as_str().to_owned();
    }
    let first = match new.policies {
        FirstPolicies::OfInstance => permitted.policies.defaults_for(&key),
        FirstPolicies::Only(changes) => changes,
    };
    for change in first {
        key.set_policy(change, PolicyAuthor { id: app.entropy.uuid(), at: version.created_at, by })?;
    }
    Ok(key)
}

/// One key; a standard key with its payload while it is not deleted.
pub(crate) async fn read(app: &AppState, call: Call, name: Result<KeyRef, Error>) -> Audited<KeyView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::Read));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (key, now) = find(app, &permitted, &name?, &mut trail).await?;
        let shows_payload = key.extractable && key.state(now) != State::Destroyed;
        let newest = if shows_payload { newest(app, &permitted, &key).await? } else { None };
        let payload = newest.map(|newest| payload(app, permitted.instance.id, &key, &newest)).transpose()?;
        Ok((Answer::Content, KeyView { key, instance: permitted.instance, now, payload }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// The newest version.
pub(super) async fn newest(app: &AppState, permitted: &Permitted, key: &Key) -> Result<Option<SealedVersion>, Error> {
    Ok(app.store.versions(&permitted.grant, key.id).await?.into_iter().next())
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
        }
    }

    fn apply(self, key: &mut Key, now: jiff::Timestamp, by: &str) -> Result<(), Error> {
        match self {
            Self::Disable => key.require_root().and_then(|()| key.disable(now)),
            Self::Enable => key.require_root().and_then(|()| key.enable(now)),
            Self::Delete { .. } => key.delete(now, by),
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

/// Reads a key, changes it and stores it with its event; anew as long as others change it in between. `change` says which
/// version the key gains, and to the trail that it is given what only the event of success is to tell.
pub(super) async fn alter(
    app: &AppState,
    permitted: &Permitted,
    name: &KeyRef,
    trail: &mut Trail,
    answer: Answer,
    change: impl Fn(&mut Key, jiff::Timestamp, &mut Trail) -> Result<Option<SealedVersion>, Error>,
) -> Result<(Key, jiff::Timestamp), Error> {
    for _ in 0..ATTEMPTS {
        let (mut key, now) = find(app, permitted, name, trail).await?;
        let mut after = trail.clone();
        let gained = change(&mut key, now, &mut after)?;
        let event = event(app, &after, answer)?;
        if app.store.save_key(&permitted.grant, key.clone(), gained, event).await? {
            trail.recorded();
            return Ok((key, now));
        }
    }
    Err(Error::Contended)
}

/// Adds a version: random for a generated key, the caller's material for an imported one. `show` asks for the key in the
/// answer.
pub(crate) async fn rotate(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    material: Result<Option<GivenMaterial>, Error>,
    show: bool,
) -> Audited<KeyView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::Rotate));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (name, given) = (name?, material?);
        let (key, now) = find(app, &permitted, &name, &mut trail).await?;
        key.require_root()?;
        key.check(KeyAction::Rotate, now)?;
        let origin = match (given, key.imported) {
            (Some(given), true) => Origin::Given(import::open(app, &permitted, given, key.extractable).await?),
            (None, true) => return Err(Error::PayloadRequired),
            (Some(_), false) => return Err(Error::PayloadNotAllowed),
            (None, false) => Origin::Generated,
        };
        let answer = if show { Answer::Content } else { Answer::Empty };
        let version = new_version(app);
        // Nothing is given into custody for a rotation that is refused.
        key.clone().rotate(version, origin.bytes())?;
        let before = newest(app, &permitted, &key).await?;
        let gained = hold(app, permitted.instance.id, &key, version, before.as_ref(), &origin).await?;
        let altered = alter(app, &permitted, &name, &mut trail, answer, |key, _, after| {
            after.version(gained.version);
            if key.current.id == gained.version.id {
                // Another request has found it in its custody and taken it up.
                return Ok(None);
            }
            key.rotate(gained.version, origin.bytes())?;
            Ok(Some(gained.clone()))
        });
        let (key, now) = altered.await?;
        Ok((answer, KeyView { key, instance: permitted.instance, now, payload: None }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// A Key Protect request that nothing answers; recorded like the others, as what it seems to be about.
pub(crate) async fn unknown(app: &AppState, call: Call, action: Action, why: Error) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, action);
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
    let key = found.filter(|key| permitted.reaches(key.id)).ok_or_else(|| permitted.absence())?;
    let now = app.clock.now();
    follow(trail, &key, now);
    Ok((key, now))
}

/// The trail leads to this key.
pub(super) fn follow(trail: &mut Trail, key: &Key, now: jiff::Timestamp) {
    trail.key(key, now);
    trail.version(key.current);
}

fn new_version(app: &AppState) -> Version {
    Version { id: VersionId(app.entropy.uuid()), created_at: app.clock.now() }
}
