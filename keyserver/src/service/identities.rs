//! Service IDs and API keys.
//!
//! *Invariant:* everything here needs the Administrator role on the whole account.

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    audit::{Answer, Audited},
    error::Error,
    iam::{
        identity::{ApiKey, Credential, ServiceId},
        roles::Action,
    },
    keys::crn::Crn,
    service::call::{Call, event, finish},
    state::AppState,
};

/// What a new service ID is called.
pub(crate) struct NewServiceId {
    /// Label.
    pub(crate) name: String,
    /// Longer label.
    pub(crate) description: Option<String>,
    /// The account it is to be made in.
    pub(crate) account: String,
    /// The services or instances that it operates.
    pub(crate) operates: Vec<Crn>,
}

/// Makes a service ID, without any access.
pub(crate) async fn create_service_id(
    app: &AppState,
    call: Call,
    input: Result<NewServiceId, Error>,
) -> Audited<ServiceId> {
    let (mut trail, credentials) = call.begin(app, Action::CreateServiceId);
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let NewServiceId { name, description, account, operates } = input?;
        if account != grant.account() || operates.iter().any(|crn| crn.account != account) {
            return Err(Error::Denied);
        }
        let identity =
            ServiceId { id: app.entropy.uuid(), name, description, account, operates, created_at: app.clock.now() };
        trail.other_target(identity.iam_id(), &identity.name, "iam-identity/account-serviceid");
        let event = event(app, &trail, Answer::Created)?;
        app.store.insert_service_id(&grant, identity.clone(), event).await?;
        trail.recorded();
        Ok((Answer::Created, identity))
    }
    .await;
    finish(app, trail, outcome).await
}

/// All service IDs of the account.
pub(crate) async fn service_ids(app: &AppState, call: Call) -> Audited<Vec<ServiceId>> {
    let (mut trail, credentials) = call.begin(app, Action::ListServiceIds);
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let identities = app.store.service_ids(&grant).await?;
        trail.total(identities.len() as u64);
        Ok((Answer::Content, identities))
    }
    .await;
    finish(app, trail, outcome).await
}

/// What a new API key is called and whose it is.
pub(crate) struct NewApiKey {
    /// Label.
    pub(crate) name: String,
    /// Longer label.
    pub(crate) description: Option<String>,
    /// UUID of the service ID.
    pub(crate) owner: Uuid,
}

/// An API key with the value that is told once.
pub(crate) struct CreatedApiKey {
    /// What is kept of it.
    pub(crate) key: ApiKey,
    /// Account of its owner.
    pub(crate) account: String,
    /// The value.
    pub(crate) value: Zeroizing<String>,
}

/// Makes an API key of a service ID.
pub(crate) async fn create_api_key(
    app: &AppState,
    call: Call,
    input: Result<NewApiKey, Error>,
) -> Audited<CreatedApiKey> {
    let (mut trail, credentials) = call.begin(app, Action::CreateApiKey);
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let NewApiKey { name, description, owner } = input?;
        let credential = Credential::random(&*app.entropy);
        let key = ApiKey {
            id: app.entropy.uuid(),
            name,
            description,
            owner,
            digest: credential.digest(),
            created_at: app.clock.now(),
            created_by: grant.holder().to_owned(),
        };
        trail.other_target(format!("ApiKey-{}", key.id), &key.name, "iam-identity/serviceid-apikey");
        let event = event(app, &trail, Answer::Created)?;
        app.store.insert_api_key(&grant, key.clone(), event).await?;
        trail.recorded();
        let account = grant.account().to_owned();
        Ok((Answer::Created, CreatedApiKey { key, account, value: credential.reveal() }))
    }
    .await;
    finish(app, trail, outcome).await
}
