//! Who may use a service instance, while the instance may use its root key.
//!
//! *Invariant:* asked anew for every request, and again while a long one is under way; the caller's role comes first, so that
//! only those who have one learn how the instance is.

use crate::{
    audit::event::Trail,
    error::Error,
    iam::{caller::Caller, roles::Action, service_grant::ServiceGrant, service_roles::ObjectAction},
    keys::{crn::InstanceId, instance::Resource, lifecycle::KeyAction},
    service::{
        resources::require_active,
        root_key::{Reached, reach},
        standing,
    },
    state::AppState,
};

/// A request to a service instance that was let in.
pub(super) struct Admission {
    /// Who asks.
    pub(super) caller: Caller,
    /// What for.
    action: ObjectAction,
    /// The instance.
    pub(super) resource: Resource,
    /// Proof for the store.
    pub(super) grant: ServiceGrant,
    /// The root key, as the instance reaches it at this moment.
    pub(super) root: Reached,
}

impl Admission {
    /// Role on the instance, then the instance itself, then its authorization, then its key.
    pub(super) async fn ask(
        app: &AppState,
        caller: Caller,
        action: ObjectAction,
        id: InstanceId,
        trail: &mut Trail,
    ) -> Result<Self, Error> {
        let (resource, grant) = role(app, &caller, action, id).await?;
        trail.resource(&resource);
        let root = root(app, &resource, action).await?;
        Ok(Self { caller, action, resource, grant, root })
    }

    /// Whether it would still be let in.
    pub(super) async fn confirm(&self, app: &AppState) -> Result<(), Error> {
        let (resource, _) = role(app, &self.caller, self.action, self.resource.id).await?;
        root(app, &resource, self.action).await.map(drop)
    }
}

/// The instance, if the caller has a role for the action there. One that does not exist is refused as one without access.
pub(super) async fn role(
    app: &AppState,
    caller: &Caller,
    action: ObjectAction,
    id: InstanceId,
) -> Result<(Resource, ServiceGrant), Error> {
    let resource = app.store.resource(id).await?.ok_or(Error::Denied)?;
    let (caller, policies) = standing::of(app, caller.clone()).await?;
    let grant = ServiceGrant::decide(&caller, Action::Object(action), &resource, &policies)?;
    // Keys are not objects: Key Protect has an API of its own.
    if resource.is_key_protect() { Err(Error::Denied) } else { Ok((resource, grant)) }
}

async fn root(app: &AppState, resource: &Resource, action: ObjectAction) -> Result<Reached, Error> {
    require_active(resource)?;
    reach(app, resource, needs(action)).await
}

/// What the instance must be able to do with its key: an object goes in under a key that wraps, and comes out under one that
/// unwraps, as a deactivated key still does.
const fn needs(action: ObjectAction) -> KeyAction {
    match action {
        ObjectAction::Put | ObjectAction::Wrap => KeyAction::Wrap,
        ObjectAction::Rewrap => KeyAction::Rewrap,
        ObjectAction::List
        | ObjectAction::Get
        | ObjectAction::Head
        | ObjectAction::Delete
        | ObjectAction::Unwrap
        | ObjectAction::Unknown => KeyAction::Unwrap,
    }
}
