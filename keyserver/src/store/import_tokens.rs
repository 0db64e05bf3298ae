//! What the store remembers of import tokens.
//!
//! *Invariant:* one token per instance; what replaces it takes its private key away.

use async_trait::async_trait;

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
}
