//! The root key of a service instance, reached as the instance reaches it: in its own name, by its authorization.
//!
//! *Invariant:* what is remembered between requests is forgotten with the next change; a removed authorization or a disabled key
//! stops the request after it.

use crate::{
    error::Error,
    iam::{
        caller::Caller,
        grant::{Grant, Part},
        own_service,
        roles::Action,
    },
    keys::{
        alias::KeyRef,
        crn::{Crn, Instance, InstanceId},
        instance::{Resource, ResourceState, RootKeyName},
        key::{Key, KeyId},
        lifecycle::{KeyAction, State},
        registration::{Registration, RegistrationInput},
        resource::ResourceCrn,
    },
    state::AppState,
    store::KeyRegistration,
};

/// How the root key of a new instance is named.
#[derive(Debug)]
pub(crate) enum KeyChoice {
    /// By its CRN.
    Crn {
        /// Region in the CRN.
        region: String,
        /// Account in the CRN.
        account: String,
        /// The key.
        key: RootKeyName,
    },
    /// By its name, which one key of the Key Protect instance must have.
    Name {
        /// The Key Protect instance.
        instance: InstanceId,
        /// The exact name.
        name: String,
    },
}

/// The registration of the key that will encrypt a new instance, if every rule for that holds. Authorization comes before the key itself: who may
/// not use a key does not learn whether it exists.
pub(super) async fn choose(app: &AppState, resource: &Resource, choice: &KeyChoice) -> Result<KeyRegistration, Error> {
    let kms = match choice {
        KeyChoice::Crn { key, .. } => key.instance,
        KeyChoice::Name { instance, .. } => *instance,
    };
    if let KeyChoice::Crn { region, .. } = choice
        && *region != resource.region
    {
        return Err(Error::KeyRegionMismatch);
    }
    let instance = app.store.instance(kms).await?.filter(|instance| instance.account == resource.account);
    let instance = instance.ok_or(Error::AuthorizationMissing)?;
    if instance.region != resource.region {
        return Err(Error::KeyRegionMismatch);
    }
    let key = match choice {
        KeyChoice::Crn { account, .. } if *account != resource.account => return Err(Error::AuthorizationMissing),
        KeyChoice::Crn { key, .. } => key.key,
        KeyChoice::Name { name, .. } => named(app, resource, &instance, name.clone()).await?,
    };
    let (found, _) = find(app, resource, &instance, key, KeyAction::Wrap).await?;
    let found = found.ok_or(Error::KeyNotFound)?;
    found.require_root()?;
    let now = app.clock.now();
    if found.state(now) != State::Active {
        return Err(Error::RootKeyInactive);
    }
    let input = RegistrationInput { description: Some(DESCRIPTION.to_owned()), ..RegistrationInput::default() };
    let crn = ResourceCrn::parse(&resource.crn())?;
    let registration = Registration::create(&found, &[], crn, input, now, &resource.iam_id())?;
    Ok(KeyRegistration { instance: kms, key_revision: found.revision, registration })
}

/// What a registration says about the instance.
const DESCRIPTION: &str = "sealed objects of the instance";

async fn named(app: &AppState, resource: &Resource, instance: &Instance, name: String) -> Result<KeyId, Error> {
    let grant = grant(app, resource, instance, Action::ListKeys).await?;
    match app.store.keys_named(&grant, name).await?.as_slice() {
        [] => Err(Error::KeyNotFound),
        [key] => Ok(*key),
        _ => Err(Error::KeyNameAmbiguous),
    }
}

/// A root key that a service instance may act on right now.
pub(super) struct Reached {
    /// Where the key is.
    pub(super) instance: Instance,
    /// The key.
    pub(super) key: Key,
    /// What the service instance may do with it.
    pub(super) grant: Grant,
}

/// The instance's root key, for an action that its state allows.
pub(super) async fn reach(app: &AppState, resource: &Resource, action: KeyAction) -> Result<Reached, Error> {
    let root = resource.root_key.ok_or(Error::NotEncrypted)?;
    let Some(instance) = app.store.instance(root.instance).await? else { return Err(gone(app, root).await) };
    let (key, grant) = find(app, resource, &instance, root.key, action).await?;
    let key = key.ok_or(Error::RootKeyDestroyed)?;
    key.check(action, app.clock.now())?;
    Ok(Reached { instance, key, grant })
}

/// A Key Protect instance is deleted only after its keys.
async fn gone(app: &AppState, root: RootKeyName) -> Error {
    match app.store.resource(root.instance).await {
        Ok(Some(Resource { state: ResourceState::PendingReclamation, .. })) => Error::KeyDeleted,
        Ok(_) => Error::RootKeyDestroyed,
        Err(error) => error,
    }
}

/// The key, if it is there, and what the service instance may do with it.
async fn find(
    app: &AppState,
    resource: &Resource,
    instance: &Instance,
    key: KeyId,
    action: KeyAction,
) -> Result<(Option<Key>, Grant), Error> {
    let grant = grant(app, resource, instance, Action::Key(action)).await?;
    let found = app.store.key(&grant, &KeyRef::Id(key), None).await?;
    // An authorization for a ring does not say which ring an absent key was in.
    let within = |part: &Part| part.ring.is_none() && part.key.is_none_or(|only| only == key);
    if found.is_none() && !grant.only().is_none_or(|parts| parts.iter().any(within)) {
        return Err(Error::AuthorizationMissing);
    }
    Ok((found, grant))
}

/// The service instance as the one who asks for its key.
pub(super) fn caller(resource: &Resource) -> Result<Caller, Error> {
    let crn = Crn::parse(&resource.crn()).ok_or(Error::Corrupt("the name of a service instance"))?;
    Ok(own_service::caller(crn, Some(resource.group.clone())))
}

async fn grant(app: &AppState, resource: &Resource, instance: &Instance, action: Action) -> Result<Grant, Error> {
    let caller = caller(resource)?;
    let policies = app.known.policies_for(&caller, app.clock.now()).await?;
    Grant::decide(&caller, action, instance, &policies).map_err(|error| match error {
        Error::Denied => Error::AuthorizationMissing,
        other => other,
    })
}
