//! Service IDs.
//!
//! *Invariant:* a service ID that is gone or locked stays as it is; with it go its API keys and policies, so that its tokens
//! are good for nothing at once.

use uuid::Uuid;

use crate::{
    audit::{Answer, Audited, event::Trail},
    error::Error,
    iam::{
        grant::AccountGrant,
        identity::{ServiceId, Upkeep, check_label},
        roles::{Action, IdentityAction},
    },
    keys::crn::Crn,
    service::{
        call::{Call, event, finish},
        identity_lists::{Listed, Listing},
    },
    state::AppState,
};

/// What a service ID is called, and what it operates.
pub(crate) struct NewServiceId {
    /// Label.
    pub(crate) name: String,
    /// Longer label.
    pub(crate) description: Option<String>,
    /// The account it is to be made in.
    pub(crate) account: String,
    /// The services or instances that it operates.
    pub(crate) operates: Vec<Crn>,
    /// Whether it is locked from the start.
    pub(crate) locked: bool,
}

/// Makes a service ID, without any access.
pub(crate) async fn create(app: &AppState, call: Call, input: Result<NewServiceId, Error>) -> Audited<ServiceId> {
    let (mut trail, credentials) = call.begin(app, Action::ServiceId(IdentityAction::Create));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let NewServiceId { name, description, account, operates, locked } = input?;
        check_label(&name, description.as_deref())?;
        if account != grant.account() {
            return Err(Error::Denied);
        }
        require_own(&grant, &operates)?;
        let upkeep = Upkeep::new(app.clock.now(), locked);
        let identity = ServiceId { id: app.entropy.uuid(), name, description, account, operates, upkeep };
        show(&mut trail, &identity);
        let event = event(app, &trail, Answer::Created)?;
        app.store.insert_service_id(&grant, identity.clone(), event).await?;
        trail.recorded();
        Ok((Answer::Created, identity))
    }
    .await;
    finish(app, trail, outcome).await
}

/// All service IDs of the account, or those with this name.
pub(crate) async fn list(
    app: &AppState,
    call: Call,
    account: Option<String>,
    name: Option<String>,
    listing: Result<Listing, Error>,
) -> Audited<Listed<ServiceId>> {
    let (mut trail, credentials) = call.begin(app, Action::ServiceId(IdentityAction::List));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        if account.is_some_and(|account| account != grant.account()) {
            return Err(Error::Denied);
        }
        let mut identities = app.store.service_ids(&grant).await?;
        identities.retain(|identity| name.as_ref().is_none_or(|name| *name == identity.name));
        let listed = listing?.cut(identities, |identity| (identity.name.clone(), identity.upkeep.modified_at));
        trail.total(listed.entries.len() as u64);
        Ok((Answer::Content, listed))
    }
    .await;
    finish(app, trail, outcome).await
}

/// One service ID.
pub(crate) async fn read(app: &AppState, call: Call, id: Result<Uuid, Error>) -> Audited<ServiceId> {
    let (mut trail, credentials) = call.begin(app, Action::ServiceId(IdentityAction::Read));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        Ok((Answer::Content, find(app, &grant, id?, &mut trail).await?))
    }
    .await;
    finish(app, trail, outcome).await
}

/// A change of a service ID.
pub(crate) enum ServiceIdChange {
    /// What is said about it; what is absent stays.
    Update {
        /// The state that the change is based on.
        etag: Result<String, Error>,
        /// Label.
        name: Option<String>,
        /// Longer label.
        description: Option<String>,
        /// The services or instances that it operates.
        operates: Option<Vec<Crn>>,
    },
    /// Locked (true) or unlocked (false).
    Lock(bool),
}

impl ServiceIdChange {
    const fn action(&self) -> IdentityAction {
        match self {
            Self::Update { .. } => IdentityAction::Update,
            Self::Lock(true) => IdentityAction::Lock,
            Self::Lock(false) => IdentityAction::Unlock,
        }
    }
}

/// Changes a service ID.
pub(crate) async fn change(
    app: &AppState,
    call: Call,
    id: Result<Uuid, Error>,
    action: IdentityAction,
    change: Result<ServiceIdChange, Error>,
) -> Audited<ServiceId> {
    let action = change.as_ref().map_or(action, ServiceIdChange::action);
    let (mut trail, credentials) = call.begin(app, Action::ServiceId(action));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let before = find(app, &grant, id?, &mut trail).await?;
        let mut after = before.clone();
        apply(&grant, &mut after, change?)?;
        after.upkeep.touch(app.clock.now());
        let event = event(app, &trail, Answer::Content)?;
        if !app.store.save_service_id(&grant, before.upkeep.revision, after.clone(), event).await? {
            return Err(Error::EtagMismatch);
        }
        trail.recorded();
        Ok((Answer::Content, after))
    }
    .await;
    finish(app, trail, outcome).await
}

fn apply(grant: &AccountGrant, identity: &mut ServiceId, change: ServiceIdChange) -> Result<(), Error> {
    match change {
        ServiceIdChange::Lock(locked) => identity.upkeep.locked = locked,
        ServiceIdChange::Update { etag, name, description, operates } => {
            identity.upkeep.require_etag(identity.id, &etag?)?;
            identity.upkeep.require_unlocked()?;
            identity.name = name.unwrap_or_else(|| identity.name.clone());
            identity.description = description.or_else(|| identity.description.take());
            check_label(&identity.name, identity.description.as_deref())?;
            if let Some(operates) = operates {
                require_own(grant, &operates)?;
                identity.operates = operates;
            }
        }
    }
    Ok(())
}

/// Removes a service ID.
pub(crate) async fn delete(app: &AppState, call: Call, id: Result<Uuid, Error>) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::ServiceId(IdentityAction::Delete));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let identity = find(app, &grant, id?, &mut trail).await?;
        if identity.id == app.administrator {
            return Err(Error::AdministratorStays);
        }
        identity.upkeep.require_unlocked()?;
        let event = event(app, &trail, Answer::Empty)?;
        if !app.store.delete_service_id(&grant, &identity, event).await? {
            return Err(Error::EtagMismatch);
        }
        trail.recorded();
        Ok((Answer::Empty, ()))
    }
    .await;
    finish(app, trail, outcome).await
}

async fn find(app: &AppState, grant: &AccountGrant, id: Uuid, trail: &mut Trail) -> Result<ServiceId, Error> {
    let found = app.store.service_id(id).await?.filter(|identity| identity.account == grant.account());
    let identity = found.ok_or(Error::IdentityNotFound)?;
    show(trail, &identity);
    Ok(identity)
}

fn show(trail: &mut Trail, identity: &ServiceId) {
    trail.other_target(identity.iam_id(), &identity.name, "iam-identity/account-serviceid");
}

/// Nobody operates the services of another account.
fn require_own(grant: &AccountGrant, operates: &[Crn]) -> Result<(), Error> {
    if operates.iter().all(|crn| crn.account == grant.account()) { Ok(()) } else { Err(Error::Denied) }
}
