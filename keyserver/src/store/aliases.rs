//! What the store remembers of aliases.
//!
//! *Invariant:* an alias names at most one key of an instance, also while that key is deleted.

use async_trait::async_trait;

use crate::{
    error::Error,
    iam::grant::Grant,
    keys::{alias::Alias, key::Key},
    store::NewEvent,
};

/// Aliases of existing keys. A change of them counts as a change of their key.
#[async_trait]
pub(crate) trait Aliases: Send + Sync {
    /// Stores that the key gained an alias, if nobody changed it since it was read; `false` if somebody did.
    /// [`Error::AliasInUse`] if the alias names a key already.
    async fn insert_alias(&self, grant: &Grant, key: Key, alias: &Alias, event: NewEvent) -> Result<bool, Error>;
    /// Stores that the key lost an alias, if nobody changed it since it was read; `false` if somebody did.
    async fn delete_alias(&self, grant: &Grant, key: Key, alias: &Alias, event: NewEvent) -> Result<bool, Error>;
}
