//! API keys of users and service IDs.
//!
//! *Invariant:* a value is told once, when it is made, and nobody can choose or read one afterwards.

use jiff::Timestamp;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    audit::{Answer, Audited, event::Trail},
    error::Error,
    iam::{
        grant::AccountGrant,
        identity::{ApiKey, Credential, Digest, Upkeep, check_label},
        roles::{Action, IdentityAction},
    },
    service::{
        call::{Call, event, finish},
        identity_lists::{Listed, Listing},
    },
    state::AppState,
};

/// What a new API key is called and whose it is.
pub(crate) struct NewApiKey {
    /// Label.
    pub(crate) name: String,
    /// Longer label.
    pub(crate) description: Option<String>,
    /// IAM id of the user or service ID.
    pub(crate) owner: String,
    /// The account of the owner; the caller's unless it says otherwise.
    pub(crate) account: Option<String>,
    /// From when on it is good for nothing.
    pub(crate) expires_at: Option<Timestamp>,
    /// Whether it is disabled from the start.
    pub(crate) disabled: bool,
    /// Whether it is locked from the start.
    pub(crate) locked: bool,
}

/// An API key, with its value where that is told.
pub(crate) struct ApiKeyView {
    /// What is kept of it.
    pub(crate) key: ApiKey,
    /// The value; only of one just made.
    pub(crate) value: Option<Zeroizing<String>>,
}

/// Makes an API key.
pub(crate) async fn create(app: &AppState, call: Call, input: Result<NewApiKey, Error>) -> Audited<ApiKeyView> {
    let (mut trail, credentials) = call.begin(app, Action::ApiKey(IdentityAction::Create));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let NewApiKey { name, description, owner, account, expires_at, disabled, locked } = input?;
        check_label(&name, description.as_deref())?;
        if account.is_some_and(|account| account != grant.account()) || !grant.covers(&owner) {
            return Err(Error::Denied);
        }
        let now = app.clock.now();
        require_future(expires_at, now)?;
        let credential = Credential::random(&*app.entropy);
        let key = ApiKey {
            id: app.entropy.uuid(),
            name,
            description,
            account: grant.account().to_owned(),
            owner,
            digest: credential.digest(),
            created_by: grant.holder().to_owned(),
            expires_at,
            disabled,
            upkeep: Upkeep::new(now, locked),
        };
        show(&mut trail, &key, IdentityAction::Create);
        let event = event(app, &trail, Answer::Created)?;
        app.store.insert_api_key(&grant, key.clone(), event).await?;
        trail.recorded();
        Ok((Answer::Created, ApiKeyView { key, value: Some(credential.reveal()) }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Which API keys a list shows.
#[derive(Debug)]
pub(crate) struct ApiKeyQuery {
    /// The account; the caller's unless it says otherwise.
    pub(crate) account: Option<String>,
    /// Those of this identity; the caller's own unless it says otherwise.
    pub(crate) owner: Option<String>,
    /// Those of the whole account instead.
    pub(crate) whole_account: bool,
    /// Only those of users (true) or service IDs (false).
    pub(crate) of_users: Option<bool>,
    /// Which part of them, in which order.
    pub(crate) listing: Listing,
}

/// API keys of an identity or of the account.
pub(crate) async fn list(app: &AppState, call: Call, query: Result<ApiKeyQuery, Error>) -> Audited<Listed<ApiKey>> {
    let (mut trail, credentials) = call.begin(app, Action::ApiKey(IdentityAction::List));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let ApiKeyQuery { account, owner, whole_account, of_users, listing } = query?;
        let owner = if whole_account { owner } else { Some(owner.unwrap_or_else(|| grant.holder().to_owned())) };
        let foreign = account.is_some_and(|account| account != grant.account());
        if foreign || owner.as_ref().is_some_and(|owner| !grant.covers(owner)) {
            return Err(Error::Denied);
        }
        let mut keys = app.store.api_keys(&grant).await?;
        keys.retain(|key| {
            owner.as_ref().is_none_or(|owner| *owner == key.owner)
                && of_users.is_none_or(|users| users == key.is_of_user())
        });
        let listed = listing.cut(keys, |key| (key.name.clone(), key.upkeep.modified_at));
        trail.total(listed.entries.len() as u64);
        Ok((Answer::Content, listed))
    }
    .await;
    finish(app, trail, outcome).await
}

/// One API key.
pub(crate) async fn read(app: &AppState, call: Call, id: Result<Uuid, Error>) -> Audited<ApiKeyView> {
    let (mut trail, credentials) = call.begin(app, Action::ApiKey(IdentityAction::Read));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let key = find(app, &grant, id, &mut trail, IdentityAction::Read).await?;
        Ok((Answer::Content, ApiKeyView { key, value: None }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// The API key with this value: whoever has it in hand in this account may know what it is.
pub(crate) async fn details(
    app: &AppState,
    call: Call,
    value: Result<Zeroizing<String>, Error>,
) -> Audited<ApiKeyView> {
    let (mut trail, credentials) = call.begin(app, Action::ApiKey(IdentityAction::Read));
    let outcome = async {
        let (caller, _) = credentials.identify(app).await?;
        let found = app.store.api_key_of(Digest::of(&value?)).await?;
        let (key, _) = found.filter(|(key, _)| key.account == caller.account()).ok_or(Error::IdentityNotFound)?;
        show(&mut trail, &key, IdentityAction::Read);
        Ok((Answer::Content, ApiKeyView { key, value: None }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// A change of an API key.
pub(crate) enum ApiKeyChange {
    /// What is said about it; what is absent stays.
    Update {
        /// The state that the change is based on.
        etag: Result<String, Error>,
        /// Label.
        name: Option<String>,
        /// Longer label.
        description: Option<String>,
        /// From when on it is good for nothing.
        expires_at: Option<Timestamp>,
    },
    /// Locked (true) or unlocked (false).
    Lock(bool),
    /// Disabled (true) or enabled (false).
    Disable(bool),
}

impl ApiKeyChange {
    const fn action(&self) -> IdentityAction {
        match self {
            Self::Update { .. } => IdentityAction::Update,
            Self::Lock(true) => IdentityAction::Lock,
            Self::Lock(false) => IdentityAction::Unlock,
            Self::Disable(true) => IdentityAction::Disable,
            Self::Disable(false) => IdentityAction::Enable,
        }
    }

    fn apply(self, key: &mut ApiKey, now: Timestamp) -> Result<(), Error> {
        match self {
            Self::Lock(locked) => key.upkeep.locked = locked,
            Self::Disable(disabled) => {
                key.upkeep.require_unlocked()?;
                key.disabled = disabled;
            }
            Self::Update { etag, name, description, expires_at } => {
                key.upkeep.require_etag(key.id, &etag?)?;
                key.upkeep.require_unlocked()?;
                require_future(expires_at, now)?;
                key.name = name.unwrap_or_else(|| key.name.clone());
                key.description = description.or_else(|| key.description.take());
                key.expires_at = expires_at.or(key.expires_at);
                check_label(&key.name, key.description.as_deref())?;
            }
        }
        Ok(())
    }
}

/// Changes an API key; one that is disabled gets no token from this moment on.
pub(crate) async fn change(
    app: &AppState,
    call: Call,
    id: Result<Uuid, Error>,
    action: IdentityAction,
    change: Result<ApiKeyChange, Error>,
    answer: Answer,
) -> Audited<ApiKeyView> {
    let action = change.as_ref().map_or(action, ApiKeyChange::action);
    let (mut trail, credentials) = call.begin(app, Action::ApiKey(action));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let mut key = find(app, &grant, id, &mut trail, action).await?;
        let (revision, now) = (key.upkeep.revision, app.clock.now());
        change?.apply(&mut key, now)?;
        key.upkeep.touch(now);
        let event = event(app, &trail, answer)?;
        if !app.store.save_api_key(&grant, revision, key.clone(), event).await? {
            return Err(Error::EtagMismatch);
        }
        trail.recorded();
        Ok((answer, ApiKeyView { key, value: None }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Removes an API key.
pub(crate) async fn delete(app: &AppState, call: Call, id: Result<Uuid, Error>) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::ApiKey(IdentityAction::Delete));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let key = find(app, &grant, id, &mut trail, IdentityAction::Delete).await?;
        key.upkeep.require_unlocked()?;
        let event = event(app, &trail, Answer::Empty)?;
        if !app.store.delete_api_key(&grant, &key, event).await? {
            return Err(Error::EtagMismatch);
        }
        trail.recorded();
        Ok((Answer::Empty, ()))
    }
    .await;
    finish(app, trail, outcome).await
}

async fn find(
    app: &AppState,
    grant: &AccountGrant,
    id: Result<Uuid, Error>,
    trail: &mut Trail,
    action: IdentityAction,
) -> Result<ApiKey, Error> {
    let id = id.map_err(|_| grant.absence())?;
    let key = app.store.api_key(grant, id).await?.ok_or_else(|| grant.absence())?;
    show(trail, &key, action);
    Ok(key)
}

fn show(trail: &mut Trail, key: &ApiKey, action: IdentityAction) {
    let mut type_uri = "iam-identity/serviceid-apikey";
    if key.is_of_user() {
        type_uri = "iam-identity/user-apikey";
        trail.action = Action::UserApiKey(action);
    }
    trail.other_target(format!("ApiKey-{}", key.id), &key.name, type_uri);
}

fn require_future(expires_at: Option<Timestamp>, now: Timestamp) -> Result<(), Error> {
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Error::InvalidField { name: "expires_at", why: "must be in the future" });
    }
    Ok(())
}
