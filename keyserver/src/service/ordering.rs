//! New service instances.
//!
//! *Invariant:* an instance, the registration of its root key and its first policies come into being together or not at all.

use crate::{
    audit::{Answer, Audited, policy::PolicyValues},
    error::Error,
    iam::{roles::Action, service_grant::ServiceGrant, service_roles::ResourceAction},
    keys::{
        catalogue::Plan,
        crn::InstanceId,
        instance::{LastOperation, Resource, ResourceState, RootKeyName, Stamp},
        instance_policy::{AllowedNetwork, InstancePolicy, InstanceRule},
        policy::Stamp as PolicyStamp,
    },
    service::{
        call::{ATTEMPTS, Call, event, finish},
        root_key::{self, KeyChoice},
    },
    state::AppState,
};

/// What is ordered.
#[derive(Debug)]
pub(crate) struct NewResource {
    /// Label.
    pub(crate) name: String,
    /// Region.
    pub(crate) region: String,
    /// Resource group.
    pub(crate) group: String,
    /// Plan.
    pub(crate) plan: Plan,
    /// Whether clean-up may delete it.
    pub(crate) allow_cleanup: bool,
    /// Whether it begins locked.
    pub(crate) locked: bool,
    /// Labels.
    pub(crate) tags: Vec<String>,
    /// The network that it is limited to from its first moment on.
    pub(crate) network: Option<AllowedNetwork>,
    /// The root key that is to encrypt it.
    pub(crate) key: Option<KeyChoice>,
}

/// Makes an instance, encrypted by a root key if one is named.
pub(crate) async fn create(app: &AppState, call: Call, input: Result<NewResource, Error>) -> Audited<Resource> {
    let (mut trail, credentials) = call.begin(app, Action::Resource(ResourceAction::Create));
    let outcome = async {
        let (caller, held) = credentials.identify(app).await?;
        let new = input?;
        let service = app.service_name(new.plan.offer());
        let group = if new.group.is_empty() { caller.account() } else { &new.group };
        let grant = ServiceGrant::decide_new(&caller, service, group, &held)?;
        let mut resource = build(app, new.plan, service, grant.account(), &new, grant.holder());
        trail.resource(&resource);
        if new.key.is_some() && !new.plan.can_be_encrypted() {
            return Err(Error::PremiumRequired);
        }
        let policies = first_policies(&new, &resource.created);
        if !policies.is_empty() {
            trail.policies(PolicyValues::default(), PolicyValues::of_instance(&policies));
        }
        for _ in 0..ATTEMPTS {
            let registration = match &new.key {
                Some(choice) => Some(root_key::choose(app, &resource, choice).await?),
                None => None,
            };
            resource.root_key =
                registration.as_ref().map(|made| RootKeyName { instance: made.instance, key: made.registration.key });
            let event = event(app, &trail, Answer::Created)?;
            if app.store.insert_resource(&grant, resource.clone(), registration, policies.clone(), event).await? {
                trail.recorded();
                return Ok((Answer::Created, resource));
            }
        }
        Err(Error::Contended)
    }
    .await;
    finish(app, trail, outcome).await
}

/// What is laid down for the instance by the order itself.
fn first_policies(new: &NewResource, made: &Stamp) -> Vec<InstancePolicy> {
    let network = new.network.map(|network| InstanceRule::AllowedNetwork(Some(network)));
    let policy = |rule| InstancePolicy { rule, stamp: PolicyStamp::new(made.at, &made.by), revision: 0 };
    network.map(policy).into_iter().collect()
}

fn build(app: &AppState, plan: Plan, service: &str, account: &str, new: &NewResource, by: &str) -> Resource {
    Resource {
        id: InstanceId(app.entropy.uuid()),
        name: new.name.clone(),
        service: service.to_owned(),
        plan,
        region: new.region.clone(),
        account: account.to_owned(),
        group: if new.group.is_empty() { account.to_owned() } else { new.group.clone() },
        root_key: None,
        allow_cleanup: new.allow_cleanup,
        locked: new.locked,
        tags: new.tags.clone(),
        state: ResourceState::Active,
        last_operation: LastOperation::Create,
        created: Stamp { at: app.clock.now(), by: by.to_owned() },
        updated: None,
        reclamation: None,
        revision: 0,
    }
}
