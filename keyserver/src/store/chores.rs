//! What has fallen due, for the server's own chores.
//!
//! *Invariant:* finds keys and changes none; a chore is claimed by the conditional write that does it, so that of several
//! servers over one database one does it.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    error::Error,
    keys::{crn::Instance, key::KeyId, lifecycle::Chore},
};

/// Keys that a chore is due for.
#[async_trait]
pub(crate) trait Chores: Send + Sync {
    /// Keys of all instances, by id: at most `limit` of those that come after `after`.
    async fn due(
        &self,
        chore: Chore,
        now: Timestamp,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<Vec<(Instance, KeyId)>, Error>;
}
