//! Service instances: made, found, changed, deleted, restored.
//!
//! Key Protect instances are deleted reversibly, for seven days; instances of the object store at once and for good, as whoever
//! deletes them wants their data gone.
//! *Invariant:* a change is computed on the instance as it was read and stored only if nobody changed it in between.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    audit::{Answer, Audited, event::Trail},
    error::Error,
    iam::{caller::Caller, policy::Policy, roles::Action, service_grant::ServiceGrant, service_roles::ResourceAction},
    keys::{
        catalogue::{Offer, Plan},
        crn::InstanceId,
        instance::{LastOperation, Reclamation, Resource, ResourceState, Stamp},
    },
    service::{
        call::{ATTEMPTS, Call, Credentials, event, finish},
        iam_policies,
    },
    state::AppState,
    store::Removal,
};

/// How a path names an instance.
#[derive(Debug, Clone)]
pub(crate) struct ResourceRef {
    /// Its GUID.
    pub(crate) id: InstanceId,
    /// The whole CRN, where that was given.
    pub(crate) crn: Option<String>,
}

/// What is to be changed; the rest stays.
#[derive(Debug)]
pub(crate) struct ResourceChange {
    /// New label.
    pub(crate) name: Option<String>,
    /// New plan.
    pub(crate) plan: Option<Plan>,
    /// Whether clean-up may delete it.
    pub(crate) allow_cleanup: Option<bool>,
    /// Whether a root key was named.
    pub(crate) names_a_key: bool,
}

/// Which instances a list shows.
#[derive(Debug, Default)]
pub(crate) struct ResourceQuery {
    /// With this GUID.
    pub(crate) id: Option<InstanceId>,
    /// With this name.
    pub(crate) name: Option<String>,
    /// In this group.
    pub(crate) group: Option<String>,
    /// Of this service.
    pub(crate) offer: Option<Uuid>,
    /// Of this plan.
    pub(crate) plan: Option<Uuid>,
    /// Of the service with this name.
    pub(crate) service: Option<String>,
    /// In this state; by default active.
    pub(crate) state: Option<ResourceState>,
    /// Changed at this moment or later.
    pub(crate) updated_from: Option<Timestamp>,
    /// Changed at this moment or earlier.
    pub(crate) updated_to: Option<Timestamp>,
    /// After this instance.
    pub(crate) start: Option<InstanceId>,
    /// How many at most.
    pub(crate) limit: usize,
}

/// A page of instances.
pub(crate) struct ResourcePage {
    /// The instances, oldest first.
    pub(crate) resources: Vec<Resource>,
    /// Whether there are more after the last one.
    pub(crate) more: bool,
}

/// The instances that the caller may see, oldest first.
pub(crate) async fn list(app: &AppState, call: Call, query: Result<ResourceQuery, Error>) -> Audited<ResourcePage> {
    let (mut trail, credentials) = call.begin(app, Action::Resource(ResourceAction::List));
    let outcome = async {
        let visible = Asker::of(app, credentials).await?.visible(app, trail.action).await?;
        let query = query?;
        let all = visible.into_iter().filter(|resource| shown(resource, &query));
        let mut rest: Vec<Resource> = match query.start {
            None => all.collect(),
            Some(start) => all.skip_while(|resource| resource.id != start).skip(1).collect(),
        };
        let more = rest.len() > query.limit;
        rest.truncate(query.limit);
        trail.total(rest.len() as u64);
        Ok((Answer::Content, ResourcePage { resources: rest, more }))
    }
    .await;
    finish(app, trail, outcome).await
}

fn shown(resource: &Resource, query: &ResourceQuery) -> bool {
    let changed = resource.updated.as_ref().unwrap_or(&resource.created).at;
    query.id.is_none_or(|id| resource.id == id)
        && query.name.as_ref().is_none_or(|name| resource.name == *name)
        && query.group.as_ref().is_none_or(|group| resource.group == *group)
        && query.offer.is_none_or(|offer| resource.plan.offer().id() == offer)
        && query.plan.is_none_or(|plan| resource.plan.id() == plan)
        && query.service.as_ref().is_none_or(|service| resource.service == *service)
        && resource.state == query.state.unwrap_or(ResourceState::Active)
        && query.updated_from.is_none_or(|from| changed >= from)
        && query.updated_to.is_none_or(|to| changed <= to)
}

/// One instance, also when it is deleted.
pub(crate) async fn read(app: &AppState, call: Call, name: Result<ResourceRef, Error>) -> Audited<Resource> {
    let (mut trail, credentials) = call.begin(app, Action::Resource(ResourceAction::Read));
    let outcome = async {
        let (resource, _) = Asker::of(app, credentials).await?.find(app, &name?, &mut trail).await?;
        Ok((Answer::Content, resource))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Changes name, plan or flags; never the root key.
pub(crate) async fn update(
    app: &AppState,
    call: Call,
    name: Result<ResourceRef, Error>,
    change: Result<ResourceChange, Error>,
) -> Audited<Resource> {
    let (mut trail, credentials) = call.begin(app, Action::Resource(ResourceAction::Update));
    let outcome = async {
        let (asker, name) = (Asker::of(app, credentials).await?, name?);
        // Before the body is looked at: what is wrong with it is for those who may change the instance.
        asker.find(app, &name, &mut trail).await?;
        let change = change?;
        save(app, &asker, &name, &mut trail, |resource, now, by| {
            apply(resource, &change, Stamp { at: now, by: by.to_owned() })
        })
        .await
    }
    .await;
    finish(app, trail, outcome).await
}

fn apply(resource: &mut Resource, change: &ResourceChange, stamp: Stamp) -> Result<(), Error> {
    require_active(resource)?;
    require_unlocked(resource)?;
    if change.names_a_key {
        return Err(Error::KeyOnlyAtCreation);
    }
    if let Some(plan) = change.plan {
        if plan.offer() != resource.plan.offer() {
            return Err(Error::InvalidField { name: "resource_plan_id", why: "not a plan of the instance's service" });
        }
        if resource.root_key.is_some() && !plan.can_be_encrypted() {
            return Err(Error::PremiumRequired);
        }
        resource.plan = plan;
    }
    if let Some(name) = &change.name {
        resource.name.clone_from(name);
    }
    resource.allow_cleanup = change.allow_cleanup.unwrap_or(resource.allow_cleanup);
    resource.last_operation = LastOperation::Update;
    resource.updated = Some(stamp);
    Ok(())
}

/// Protects an instance against changes and deletion, or lifts that.
pub(crate) async fn lock(
    app: &AppState,
    call: Call,
    name: Result<ResourceRef, Error>,
    locked: bool,
) -> Audited<Resource> {
    let action = if locked { ResourceAction::Lock } else { ResourceAction::Unlock };
    let (mut trail, credentials) = call.begin(app, Action::Resource(action));
    let outcome = async {
        let (asker, name) = (Asker::of(app, credentials).await?, name?);
        save(app, &asker, &name, &mut trail, |resource, now, by| {
            require_active(resource)?;
            resource.locked = locked;
            resource.last_operation = LastOperation::Update;
            resource.updated = Some(Stamp { at: now, by: by.to_owned() });
            Ok(())
        })
        .await
    }
    .await;
    finish(app, trail, outcome).await
}

async fn save(
    app: &AppState,
    asker: &Asker,
    name: &ResourceRef,
    trail: &mut Trail,
    change: impl Fn(&mut Resource, Timestamp, &str) -> Result<(), Error>,
) -> Result<(Answer, Resource), Error> {
    for _ in 0..ATTEMPTS {
        let (mut resource, grant) = asker.find(app, name, trail).await?;
        change(&mut resource, app.clock.now(), grant.holder())?;
        let event = event(app, trail, Answer::Content)?;
        if app.store.save_resource(&grant, resource.clone(), event).await? {
            trail.recorded();
            resource.revision += 1;
            return Ok((Answer::Content, resource));
        }
    }
    Err(Error::Contended)
}

/// Deletes an instance: reversibly if it is of Key Protect, which must have no keys left, else with all it holds.
pub(crate) async fn delete(app: &AppState, call: Call, name: Result<ResourceRef, Error>) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::Resource(ResourceAction::Delete));
    let outcome = async {
        let (asker, name) = (Asker::of(app, credentials).await?, name?);
        for _ in 0..ATTEMPTS {
            let (mut resource, grant) = asker.find(app, &name, &mut trail).await?;
            require_active(&resource)?;
            require_unlocked(&resource)?;
            let stamp = Stamp { at: app.clock.now(), by: grant.holder().to_owned() };
            resource.last_operation = LastOperation::Delete;
            resource.updated = Some(stamp.clone());
            resource.reclamation = Some(Reclamation { id: app.entropy.uuid(), deleted: stamp });
            let event = event(app, &trail, Answer::Empty)?;
            let done = match resource.plan.offer() {
                Offer::KeyProtect => {
                    resource.state = ResourceState::PendingReclamation;
                    app.store.retire_keys_instance(&grant, resource, event).await?
                }
                Offer::Objects => {
                    resource.state = ResourceState::Removed;
                    let policies = iam_policies::bound_to(app, &trail, grant.holder(), &resource).await?;
                    let files = app.store.remove_resource(Removal::Granted(&grant), resource, policies, event).await?;
                    discard(app, files).await
                }
            };
            if done {
                trail.recorded();
                return Ok((Answer::Empty, ()));
            }
        }
        Err(Error::Contended)
    }
    .await;
    finish(app, trail, outcome).await
}

/// Removes the files of an instance that is gone; whether it was this call that removed it.
pub(super) async fn discard(app: &AppState, files: Option<Vec<String>>) -> bool {
    let Some(files) = files else { return false };
    remove_files(app, files).await;
    true
}

/// Removes files that hold no object any more. What made them so is done and recorded, so that a file that cannot be removed
/// now is no failure: it is removed at the next start.
pub(super) async fn remove_files(app: &AppState, files: Vec<String>) {
    let removed = async {
        app.files.remove(&files).await?;
        app.store.forget_loose_files(files).await
    };
    if let Err(error) = removed.await {
        tracing::warn!(detail = error.detail(), "a file without an object stays until the next start");
    }
}

/// Who asks, and the policies that count for them.
pub(super) struct Asker {
    caller: Caller,
    policies: Arc<[Policy]>,
}

impl Asker {
    pub(super) async fn of(app: &AppState, credentials: Credentials) -> Result<Self, Error> {
        let (caller, policies) = credentials.identify(app).await?;
        Ok(Self { caller, policies })
    }

    /// The instances of the caller's account with which an action is allowed.
    pub(super) async fn visible(&self, app: &AppState, action: Action) -> Result<Vec<Resource>, Error> {
        let all = app.store.resources(self.caller.account()).await?;
        let may_see = |resource: &Resource| self.grant(action, resource).is_ok();
        Ok(all.into_iter().filter(may_see).collect())
    }

    /// Finds an instance for the action of the trail. Someone who may not even see it learns nothing of it.
    pub(super) async fn find(
        &self,
        app: &AppState,
        name: &ResourceRef,
        trail: &mut Trail,
    ) -> Result<(Resource, ServiceGrant), Error> {
        let resource = app.store.resource(name.id).await?.ok_or(Error::ResourceNotFound)?;
        self.grant(Action::Resource(ResourceAction::Read), &resource).map_err(|_| Error::ResourceNotFound)?;
        if name.crn.as_ref().is_some_and(|crn| *crn != resource.crn()) {
            return Err(Error::ResourceNotFound);
        }
        trail.resource(&resource);
        let grant = self.grant(trail.action, &resource)?;
        Ok((resource, grant))
    }

    pub(super) fn grant(&self, action: Action, resource: &Resource) -> Result<ServiceGrant, Error> {
        ServiceGrant::decide(&self.caller, action, resource, &self.policies)
    }
}

pub(super) fn require_active(resource: &Resource) -> Result<(), Error> {
    match resource.state {
        ResourceState::Active => Ok(()),
        ResourceState::PendingReclamation => Err(Error::InstanceDeleted),
        ResourceState::Removed => Err(Error::InstanceGone),
    }
}

fn require_unlocked(resource: &Resource) -> Result<(), Error> {
    if resource.locked { Err(Error::InstanceLocked) } else { Ok(()) }
}
