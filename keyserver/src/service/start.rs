//! What the first start makes, and what every later start checks.
//!
//! *Invariant:* an existing database is never given a new master key or a new administrator.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    crypto::seal::Sealer,
    error::Error,
    iam::{
        grant::ADMINISTRATOR_ROLES,
        identity::{ApiKey, Credential, ServiceId, Upkeep},
        policy::{Policy, Rule, Scope, Stamp, Subject},
        token::TokenAuthority,
    },
    keys::{
        crn::{Instance, InstanceId},
        environment::{Clock, Entropy},
        instance::Resource,
    },
    service::signing_keys,
    store::{FirstStart, Installation, Store},
};

/// What a start found or made.
pub(crate) struct Started {
    /// Account id.
    pub(crate) account: String,
    /// Region of the installation.
    pub(crate) region: String,
    /// The instance that the first start made.
    pub(crate) instance: InstanceId,
    /// UUID of the administrator service ID.
    pub(crate) administrator: Uuid,
    /// Signs and verifies tokens.
    pub(crate) tokens: TokenAuthority,
    /// The administrator's API key; on the first start only.
    pub(crate) api_key: Option<Credential>,
}

/// The outside world as a start needs it.
pub(crate) struct Surroundings<'a> {
    /// What is remembered.
    pub(crate) store: &'a Arc<dyn Store>,
    /// Material under the master key.
    pub(crate) sealer: &'a Sealer,
    /// The time.
    pub(crate) clock: &'a dyn Clock,
    /// Random bytes.
    pub(crate) entropy: &'a dyn Entropy,
}

/// Makes the installation if there is none, then loads it. Fails if it is sealed under another master key.
pub(crate) async fn start(around: &Surroundings<'_>, region: &str) -> Result<Started, Error> {
    let made = match around.store.installation().await? {
        Some(_) => None,
        None => match install(around, region).await {
            // Another server of the same database was first.
            Err(Error::Contended) => None,
            made => Some(made?),
        },
    };
    let installation = around.store.installation().await?.ok_or(Error::Corrupt("the installation was not stored"))?;
    let Installation { account, region, administrator } = installation;
    let tokens = TokenAuthority::new(signing_keys::open(around.sealer, around.store.signing_keys().await?)?);
    // Deleted or not: the row of the first instance stays.
    let first = around.store.resources(&account).await?.into_iter().find(Resource::is_key_protect);
    let instance = first.ok_or(Error::Corrupt("an installation without an instance"))?.id;
    Ok(Started { account, region, instance, administrator, tokens, api_key: made })
}

async fn install(around: &Surroundings<'_>, region: &str) -> Result<Credential, Error> {
    let Surroundings { store, sealer, clock, entropy } = around;
    let at = clock.now();
    let account = entropy.uuid().simple().to_string();
    let administrator = ServiceId {
        id: entropy.uuid(),
        name: "administrator".to_owned(),
        description: Some("Made by the first start".to_owned()),
        account: account.clone(),
        operates: Vec::new(),
        upkeep: Upkeep::new(at, false),
    };
    let credential = Credential::random(*entropy);
    let api_key = ApiKey {
        id: entropy.uuid(),
        name: "administrator".to_owned(),
        description: Some("Printed by the first start".to_owned()),
        account: account.clone(),
        owner: administrator.iam_id(),
        digest: credential.digest(),
        created_by: administrator.iam_id(),
        expires_at: None,
        disabled: false,
        upkeep: Upkeep::new(at, false),
    };
    let rule = Rule {
        description: Some("The administrator may do everything".to_owned()),
        subject: Subject::Identity(administrator.iam_id()),
        roles: ADMINISTRATOR_ROLES.to_vec(),
        scope: Scope::account(account.clone()),
    };
    let policy = Policy::new(entropy.uuid(), rule, Stamp { at, by: administrator.iam_id() });
    let signing_key = signing_keys::generate(sealer, *entropy, at).await?;
    let installation =
        Installation { account: account.clone(), region: region.to_owned(), administrator: administrator.id };
    let instance =
        Instance { id: InstanceId(entropy.uuid()), name: "Key Protect".to_owned(), region: region.to_owned(), account };
    store.install(FirstStart { installation, signing_key, administrator, api_key, policy, instance, at }).await?;
    Ok(credential)
}
