//! Users, service IDs and their API keys, as the store keeps them.
//!
//! *Invariant:* look-ups by credential or by id of a token's subject need no grant: they are how a caller becomes known. All
//! else stays inside the grant's account, and inside the caller's own keys where the grant is limited to those.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        grant::AccountGrant,
        identity::{ApiKey, Digest, Principal, ServiceId},
        user::User,
    },
    store::NewEvent,
};

/// Users and service IDs.
#[async_trait]
pub(crate) trait Identities: Send + Sync {
    /// The service ID with this UUID.
    async fn service_id(&self, id: Uuid) -> Result<Option<ServiceId>, Error>;
    /// Adds a service ID.
    async fn insert_service_id(&self, grant: &AccountGrant, identity: ServiceId, event: NewEvent) -> Result<(), Error>;
    /// All service IDs, oldest first.
    async fn service_ids(&self, grant: &AccountGrant) -> Result<Vec<ServiceId>, Error>;
    /// Stores what changed if nobody else changed it since it had this revision; `false` if somebody did.
    async fn save_service_id(
        &self,
        grant: &AccountGrant,
        revision: i64,
        identity: ServiceId,
        event: NewEvent,
    ) -> Result<bool, Error>;
    /// Removes a service ID with its API keys and policies; `false` if it is not there or was changed since.
    async fn delete_service_id(
        &self,
        grant: &AccountGrant,
        identity: &ServiceId,
        event: NewEvent,
    ) -> Result<bool, Error>;
    /// Adds a user; [`Error::UserExists`] if the address is taken in the account.
    async fn insert_user(&self, grant: &AccountGrant, user: User, event: NewEvent) -> Result<(), Error>;
    /// The user with this IAM id.
    async fn user(&self, grant: &AccountGrant, iam_id: &str) -> Result<Option<User>, Error>;
    /// All users, oldest first.
    async fn users(&self, grant: &AccountGrant) -> Result<Vec<User>, Error>;
    /// Stores what changed about a user if nobody else changed it since; `false` if somebody did.
    async fn save_user(&self, grant: &AccountGrant, before: User, after: User, event: NewEvent) -> Result<bool, Error>;
    /// Removes a user with their API keys and policies; `false` when there is none.
    async fn delete_user(&self, grant: &AccountGrant, iam_id: &str, event: NewEvent) -> Result<bool, Error>;
}

/// API keys of users and service IDs.
#[async_trait]
pub(crate) trait ApiKeys: Send + Sync {
    /// An API key and its owner.
    async fn api_key_of(&self, digest: Digest) -> Result<Option<(ApiKey, Principal)>, Error>;
    /// Adds an API key of an identity that exists; [`Error::IdentityNotFound`] otherwise.
    async fn insert_api_key(&self, grant: &AccountGrant, key: ApiKey, event: NewEvent) -> Result<(), Error>;
    /// The API key with this id, if the grant reaches it.
    async fn api_key(&self, grant: &AccountGrant, id: Uuid) -> Result<Option<ApiKey>, Error>;
    /// All API keys that the grant reaches, oldest first.
    async fn api_keys(&self, grant: &AccountGrant) -> Result<Vec<ApiKey>, Error>;
    /// Stores what changed if nobody else changed it since it had this revision; `false` if somebody did.
    async fn save_api_key(
        &self,
        grant: &AccountGrant,
        revision: i64,
        key: ApiKey,
        event: NewEvent,
    ) -> Result<bool, Error>;
    /// Removes an API key; `false` if it is not there or was changed since.
    async fn delete_api_key(&self, grant: &AccountGrant, key: &ApiKey, event: NewEvent) -> Result<bool, Error>;
}
