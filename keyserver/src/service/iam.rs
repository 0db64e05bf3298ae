//! Tokens, service IDs, API keys and access policies.
//!
//! *Invariant:* everything but getting a token needs the Administrator role on the whole account.

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    audit::{Answer, Audited},
    error::Error,
    iam::{
        identity::{ApiKey, Credential, Digest, ServiceId},
        policy::{Policy, Scope},
        roles::{Action, Role},
        token::AccessToken,
    },
    service::call::{Call, Source, event, finish},
    state::AppState,
};

/// API key → access token.
pub(crate) async fn token(
    app: &AppState,
    source: Source,
    api_key: Result<Zeroizing<String>, Error>,
) -> Audited<AccessToken> {
    let mut trail = source.trail(app, Action::IssueToken);
    let outcome = async {
        let digest = Digest::of(&api_key?);
        let identity = app.store.identity_of_api_key(digest).await?.ok_or(Error::ApiKeyUnknown)?;
        trail.identity(&identity.iam_id(), &identity.name);
        Ok((Answer::Content, app.tokens.issue(&identity, app.entropy.uuid(), app.clock.now())?))
    }
    .await;
    finish(app, trail, outcome).await
}

/// What a new service ID is called.
pub(crate) struct NewServiceId {
    /// Label.
    pub(crate) name: String,
    /// Longer label.
    pub(crate) description: Option<String>,
    /// The account it is to be made in.
    pub(crate) account: String,
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
        let NewServiceId { name, description, account } = input?;
        if account != grant.account() {
            return Err(Error::Denied);
        }
        let identity = ServiceId { id: app.entropy.uuid(), name, description, account, created_at: app.clock.now() };
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

/// What a new policy says.
pub(crate) struct NewPolicy {
    /// Label.
    pub(crate) description: Option<String>,
    /// IAM id of the one who gets access.
    pub(crate) subject: String,
    /// Which roles.
    pub(crate) roles: Vec<Role>,
    /// On what.
    pub(crate) scope: Scope,
}

/// Makes an access policy; it counts from the next request on.
pub(crate) async fn create_policy(app: &AppState, call: Call, input: Result<NewPolicy, Error>) -> Audited<Policy> {
    let (mut trail, credentials) = call.begin(app, Action::CreatePolicy);
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let NewPolicy { description, subject, roles, scope } = input?;
        if scope.account != grant.account() {
            return Err(Error::Denied);
        }
        if let Some(instance) = scope.instance {
            const UNKNOWN: Error = Error::InvalidField { name: "serviceInstance", why: "no such instance here" };
            app.store.instance(instance).await?.ok_or(UNKNOWN)?;
        }
        let policy = Policy {
            id: app.entropy.uuid(),
            description,
            subject,
            roles,
            scope,
            created_at: app.clock.now(),
            created_by: grant.holder().to_owned(),
        };
        trail.other_target(policy.id.to_string(), &policy.subject, "iam-am/policy");
        let event = event(app, &trail, Answer::Created)?;
        app.store.insert_policy(&grant, policy.clone(), event).await?;
        trail.recorded();
        Ok((Answer::Created, policy))
    }
    .await;
    finish(app, trail, outcome).await
}

/// The account's access policies, or those of one subject.
pub(crate) async fn policies(
    app: &AppState,
    call: Call,
    account: Result<String, Error>,
    subject: Option<String>,
) -> Audited<Vec<Policy>> {
    let (mut trail, credentials) = call.begin(app, Action::ListPolicies);
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        if account? != grant.account() {
            return Err(Error::Denied);
        }
        let mut policies = app.store.policies(&grant).await?;
        policies.retain(|policy| subject.as_ref().is_none_or(|subject| policy.subject == *subject));
        trail.total(policies.len() as u64);
        Ok((Answer::Content, policies))
    }
    .await;
    finish(app, trail, outcome).await
}

/// One access policy.
pub(crate) async fn policy(app: &AppState, call: Call, id: Result<Uuid, Error>) -> Audited<Policy> {
    let (mut trail, credentials) = call.begin(app, Action::ReadPolicy);
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let id = id?;
        let found = app.store.policies(&grant).await?.into_iter().find(|policy| policy.id == id);
        let policy = found.ok_or(Error::PolicyNotFound)?;
        trail.other_target(policy.id.to_string(), &policy.subject, "iam-am/policy");
        Ok((Answer::Content, policy))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Removes an access policy; the next request of its subject is already refused.
pub(crate) async fn delete_policy(app: &AppState, call: Call, id: Result<Uuid, Error>) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::DeletePolicy);
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let id = id?;
        trail.other_target(id.to_string(), "", "iam-am/policy");
        let event = event(app, &trail, Answer::Empty)?;
        if !app.store.delete_policy(&grant, id, event).await? {
            return Err(Error::PolicyNotFound);
        }
        trail.recorded();
        Ok((Answer::Empty, ()))
    }
    .await;
    finish(app, trail, outcome).await
}
