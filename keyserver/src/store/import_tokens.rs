//! What the store remembers of import tokens.
//!
//! *Invariant:* one token per instance; its private key is gone once it is replaced or has expired.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{error::Error, iam::grant::Grant, keys::import_token::ImportToken, store::NewEvent};

/// The import token of the grant's instance.
#[async_trait]
pub(crate) trait ImportTokens: Send + Sync {
    /// Replaces the token, if there is one.
    async fn replace_import_token(&self, grant: &Grant, token: ImportToken, event: NewEvent) -> Result<(), Error>;
    /// The last token made, whether it is still valid or not.
    async fn import_token(&self, grant: &Grant) -> Result<Option<ImportToken>, Error>;
    /// Stores that `token` was retrieved once more; `false` if it was retrieved by someone else, or replaced, since it was
    /// read.
    async fn save_retrieval(&self, grant: &Grant, token: &ImportToken, event: NewEvent) -> Result<bool, Error>;
    /// Forgets the secrets of all tokens that have expired, of every instance: whoever comes by the database and its master
    /// key later opens nothing that was once encrypted for them.
    async fn forget_expired_import_tokens(&self, now: Timestamp) -> Result<(), Error>;
}
