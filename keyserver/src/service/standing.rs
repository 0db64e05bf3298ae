//! How a caller stands at this moment.
//!
//! *Invariant:* a token is believed about who somebody is. Whether they are still let in, and in which resource group a service
//! instance is, is what the store says now.

use std::sync::Arc;

use crate::{
    error::Error,
    iam::{caller::Caller, policy::Policy},
    keys::{
        crn::{Crn, InstanceId},
        instance::Resource,
    },
    state::AppState,
};

/// The caller, and the policies that may count for them. [`Error::Denied`] if their token outlived what it came from: a user
/// who is disabled or gone, an API key that is, a service instance that was deleted.
pub(super) async fn of(app: &AppState, caller: Caller) -> Result<(Caller, Arc<[Policy]>), Error> {
    let policies = app.known.policies_for(&caller, app.clock.now()).await?;
    let resource = match caller.instance() {
        Some(crn) => found(app, crn).await?,
        None => None,
    };
    let caller = match resource {
        Some(resource) => caller.found_as(&resource)?,
        None => caller,
    };
    Ok((caller, policies))
}

/// The service instance with the GUID in this name, if it was ordered here. Services that run elsewhere act for instances that
/// this server knows nothing of.
pub(super) async fn found(app: &AppState, crn: &Crn) -> Result<Option<Arc<Resource>>, Error> {
    match crn.instance {
        Some(guid) => app.known.resource(InstanceId(guid)).await,
        None => Ok(None),
    }
}
