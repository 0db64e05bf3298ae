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
    },
    state::AppState,
};

/// Length of generated material.
pub(super) const GENERATED_BYTES: usize = 32;

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
        let material = match new.material.take() {
            Some(given) => Some(import::open(app, &permitted, given, new.extractable).await?),
            None => None,
        };
        let (key, sealed, payload) = build(app, &permitted, new, material)?;
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

fn build(
    app: &AppState,
    permitted: &Permitted,
    new: NewKey,
    material: Option<Secret>,
) -> Result<(Key, SealedVersion, Option<Secret>), Error> {
    let id = KeyId(app.entropy.uuid());
    let version = new_version(app);
    let imported = material.is_some();
    let material = material.unwrap_or_else(|| Secret::random(GENERATED_BYTES, &*app.entropy));
    // Only its length is looked at.
    let kind = KeyKind { extractable: new.extractable, imported, bytes: material.expose().len() };
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
    let sealed = seal(app, permitted.instance.id, &key, version, &material)?;
    Ok((key, sealed, new.extractable.then_some(material)))
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

/// The material of the newest version.
pub(super) async fn newest_material(app: &AppState, permitted: &Permitted, key: &Key) -> Result<Option<Secret>, Error> {
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
        let material = match (given, key.imported) {
            (Some(given), true) => import::open(app, &permitted, given, key.extractable).await?,
            (None, true) => return Err(Error::PayloadRequired),
            (Some(_), false) => return Err(Error::PayloadNotAllowed),
            (None, false) => Secret::random(GENERATED_BYTES, &*app.entropy),
        };
        let answer = if show { Answer::Content } else { Answer::Empty };
        let altered = alter(app, &permitted, &name, &mut trail, answer, |key, _, after| {
            let version = new_version(app);
            // Only its length is looked at.
            key.rotate(version, material.expose().len())?;
            after.version(version);
            seal(app, permitted.instance.id, key, version, &material).map(Some)
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
    let key = found.filter(|key| permitted.only.is_none_or(|only| key.id == only));
    // By way of a service instance there is one key and no other.
    let absence = || if permitted.only.is_some() { Error::KeyNotFound } else { permitted.grant.absence() };
    let key = key.ok_or_else(absence)?;
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
