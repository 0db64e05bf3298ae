//! Wrap and unwrap by way of a service instance, which does it in its own name.
//!
//! *Invariant:* a caller's role counts on the service instance only, the instance's authorization counts at the key; neither
//! makes up for the other, and no other key than the instance's own is within reach.

use crate::{
    audit::event::Trail,
    error::Error,
    iam::{caller::Caller, roles::Action, service_roles::ObjectAction},
    keys::{crn::InstanceId, lifecycle::KeyAction, network::Arrival},
    service::{
        admission,
        call::Permitted,
        resources::require_active,
        root_key::{self, Reached},
    },
    state::AppState,
};

/// Lets a caller act on the root key of the service instance; `named` is the Key Protect instance that the request names. The
/// network that it lays down binds here as for any service; the addresses that it lays down for people do not.
pub(super) async fn permit(
    app: &AppState,
    caller: Caller,
    service: InstanceId,
    named: InstanceId,
    arrival: Arrival,
    trail: &mut Trail,
) -> Result<Permitted, Error> {
    let Action::Key(key_action) = trail.action else { return Err(Error::Denied) };
    let action = match key_action {
        KeyAction::Wrap => ObjectAction::Wrap,
        KeyAction::Unwrap => ObjectAction::Unwrap,
        KeyAction::Rewrap => ObjectAction::Rewrap,
        _ => return Err(Error::Denied),
    };
    let (resource, _) = admission::role(app, &caller, action, service).await?;
    trail.resource(&resource);
    require_active(&resource)?;
    let root = resource.root_key.ok_or(Error::NotEncrypted)?;
    trail.acting_as(&root_key::caller(&resource)?);
    if let Some(instance) = app.known.instance(root.instance).await? {
        // Whatever comes of it is told to those who own the key.
        trail.instance(&instance);
        trail.other_target(instance.key_crn(root.key), "", "kms/secrets");
    }
    if named != root.instance {
        return Err(Error::KeyNotFound);
    }
    let Reached { instance, key, grant } = root_key::reach(app, &resource, key_action).await?;
    let policies = app.known.instance_policies(instance.id).await?;
    policies.admit(arrival, true)?;
    Ok(Permitted { instance, grant, ring: None, only: Some(key.id), policies })
}
