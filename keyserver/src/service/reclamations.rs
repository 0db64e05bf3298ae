//! Deleted Key Protect instances: restored, or removed for good by a caller or by time.
//!
//! *Invariant:* of several replicas that find the same instance due, one removes it: the change of its row decides.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    audit::{Answer, Audited, event::Trail},
    error::Error,
    iam::{roles::Action, service_roles::ResourceAction},
    keys::{
        crn::InstanceId,
        instance::{Resource, ResourceState, Stamp},
    },
    service::{
        call::{Call, event, finish},
        iam_policies,
        resources::{Asker, discard},
    },
    state::AppState,
    store::Removal,
};

/// Which deleted instances a list shows.
#[derive(Debug, Default)]
pub(crate) struct ReclamationQuery {
    /// Of this account.
    pub(crate) account: Option<String>,
    /// Of this instance.
    pub(crate) instance: Option<InstanceId>,
    /// Of this group.
    pub(crate) group: Option<String>,
}

/// What happens to a deleted instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Removed for good, now.
    Reclaim,
    /// Active again.
    Restore,
}

/// The deleted instances that the caller may see and that can still be restored.
pub(crate) async fn list(app: &AppState, call: Call, query: Result<ReclamationQuery, Error>) -> Audited<Vec<Resource>> {
    let (mut trail, credentials) = call.begin(app, Action::Resource(ResourceAction::ListReclamations));
    let outcome = async {
        let query = query?;
        let mut deleted = Asker::of(app, credentials).await?.visible(app, trail.action).await?;
        deleted.retain(|resource| {
            resource.state == ResourceState::PendingReclamation
                && query.account.as_ref().is_none_or(|account| resource.account == *account)
                && query.instance.is_none_or(|id| resource.id == id)
                && query.group.as_ref().is_none_or(|group| resource.group == *group)
        });
        trail.total(deleted.len() as u64);
        Ok((Answer::Content, deleted))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Restores a deleted instance, or removes it for good before its time.
pub(crate) async fn decide(app: &AppState, call: Call, id: Result<Uuid, Error>, fate: Fate) -> Audited<Resource> {
    let action = match fate {
        Fate::Reclaim => ResourceAction::Reclaim,
        Fate::Restore => ResourceAction::Restore,
    };
    let (mut trail, credentials) = call.begin(app, Action::Resource(action));
    let outcome = async {
        let asker = Asker::of(app, credentials).await?;
        let mut resource = deleted(app, &asker, id?).await?;
        trail.resource(&resource);
        let grant = asker.grant(trail.action, &resource)?;
        let shown = resource.clone();
        resource.updated = Some(Stamp { at: app.clock.now(), by: grant.holder().to_owned() });
        let event = event(app, &trail, Answer::Content)?;
        let done = match fate {
            Fate::Restore => {
                resource.state = ResourceState::Active;
                resource.reclamation = None;
                app.store.save_resource(&grant, resource, event).await?
            }
            Fate::Reclaim => {
                resource.state = ResourceState::Removed;
                let policies = iam_policies::bound_to(app, &trail, grant.holder(), &resource).await?;
                let files = app.store.remove_resource(Removal::Granted(&grant), resource, policies, event).await?;
                discard(app, files).await
            }
        };
        if !done {
            return Err(Error::Contended);
        }
        trail.recorded();
        Ok((Answer::Content, shown))
    }
    .await;
    finish(app, trail, outcome).await
}

/// The instance whose deletion has this id, as long as that can be undone. What is decided about it is decided on it as it was
/// read here: read again, it might be in use, or gone for good.
async fn deleted(app: &AppState, asker: &Asker, id: Uuid) -> Result<Resource, Error> {
    let all = asker.visible(app, Action::Resource(ResourceAction::ListReclamations)).await?;
    let found = all.into_iter().find(|resource| {
        resource.state == ResourceState::PendingReclamation
            && resource.reclamation.as_ref().is_some_and(|reclamation| reclamation.id == id)
    });
    found.ok_or(Error::ReclamationNotFound)
}

/// Removes for good what can no longer be restored.
pub(super) async fn run_due(app: &AppState, now: Timestamp) -> Result<(), Error> {
    for mut resource in app.store.due_reclamations(now).await? {
        let instance = resource.key_protect();
        let action = Action::Resource(ResourceAction::Reclaim);
        let mut trail = Trail::of_server(action, &instance, app.entropy.uuid(), now);
        trail.resource(&resource);
        resource.state = ResourceState::Removed;
        resource.updated = Some(Stamp { at: now, by: instance.iam_id() });
        let event = event(app, &trail, Answer::Content)?;
        let policies = iam_policies::bound_to(app, &trail, &instance.iam_id(), &resource).await?;
        let files = app.store.remove_resource(Removal::Due(now), resource, policies, event).await?;
        discard(app, files).await;
    }
    Ok(())
}
