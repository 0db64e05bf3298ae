//! What requests about service instances carry.
//!
//! *Invariant:* as in the module above: what is wrong travels on as an error.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use uuid::Uuid;

use super::{KeyName, text};
use crate::{
    error::Error,
    keys::{
        alias::KeyRef,
        crn::{Crn, InstanceId},
        object::ObjectName,
    },
    service::{call::Call, resources::ResourceRef},
    state::App,
};

/// The service instance named in the path, by GUID or percent-encoded CRN.
pub(in crate::routes) struct ResourceName(pub(in crate::routes) Result<ResourceRef, Error>);

impl FromRequestParts<App> for ResourceName {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let name = path.ok().and_then(|Path(text)| match Uuid::try_parse(&text) {
            Ok(id) => Some(ResourceRef { id: InstanceId(id), crn: None }),
            Err(_) => {
                let id = Crn::parse(&text)?.instance?;
                Some(ResourceRef { id: InstanceId(id), crn: Some(text) })
            }
        });
        Ok(Self(name.ok_or(Error::ResourceNotFound)))
    }
}

/// The id of a deletion in the path.
pub(in crate::routes) struct ReclamationId(pub(in crate::routes) Result<Uuid, Error>);

impl FromRequestParts<App> for ReclamationId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let id = Path::<Uuid>::from_request_parts(parts, app).await;
        Ok(Self(id.map(|Path(id)| id).map_err(|_| Error::ReclamationNotFound)))
    }
}

/// The service instance in the path.
pub(in crate::routes) struct InstanceInPath(pub(in crate::routes) Result<InstanceId, Error>);

impl FromRequestParts<App> for InstanceInPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        // The first of however many parameters the route has; what is no GUID names no instance, nor does a path that is no
        // UTF-8 text.
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let guid = path.ok().and_then(|Path(all)| Uuid::try_parse(&all.into_iter().next()?.1).ok());
        Ok(Self(guid.map(InstanceId).ok_or(Error::Denied)))
    }
}

/// A service instance and one of its objects in the path.
pub(in crate::routes) struct ObjectInPath {
    pub(in crate::routes) instance: Result<InstanceId, Error>,
    pub(in crate::routes) name: Result<ObjectName, Error>,
}

impl FromRequestParts<App> for ObjectInPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let InstanceInPath(instance) = InstanceInPath::from_request_parts(parts, app).await?;
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let name = path.map_err(|_| Error::Denied).and_then(|Path((_, name))| ObjectName::parse(&name));
        Ok(Self { instance, name })
    }
}

/// A service instance and its root key in the path.
pub(in crate::routes) struct KeyOfInstance {
    instance: Result<InstanceId, Error>,
    key: KeyName,
}

impl FromRequestParts<App> for KeyOfInstance {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let InstanceInPath(instance) = InstanceInPath::from_request_parts(parts, app).await?;
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let key = path.map_err(|_| Error::KeyNotFound).and_then(|Path((_, name))| KeyRef::parse(&name));
        Ok(Self { instance, key: KeyName(key) })
    }
}

impl KeyOfInstance {
    /// The call as the service instance makes it, and the key it names.
    pub(in crate::routes) fn through(self, call: Call) -> (Call, KeyName) {
        (Call { through: Some(self.instance), ..call }, self.key)
    }
}

/// Whether a header says `true`; absent is false.
pub(in crate::routes) struct EntityLock(pub(in crate::routes) Result<bool, Error>);

impl FromRequestParts<App> for EntityLock {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let invalid = Error::InvalidField { name: "Entity-Lock", why: "must be true or false" };
        Ok(Self(match text(&parts.headers, "entity-lock") {
            None => Ok(false),
            Some(value) => value.to_ascii_lowercase().parse().map_err(|_| invalid),
        }))
    }
}
