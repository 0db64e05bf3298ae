//! Key encryption keys: whatever can wrap a data key and unwrap it again.
//!
//! *Invariant:* a KEK sees data keys and contexts, never messages; it is named by the caller's configuration, never
//! by a message.

mod key_protect;
mod raw_aes;

pub use key_protect::KeyProtect;
pub use raw_aes::RawAes;

use crate::context::EncryptionContext;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::keys::{DataKey, Edk};
use crate::operation::{Pending, Step};

/// The one joint: everything that can protect a data key. A new provider is one more file beside this one.
pub trait Kek {
    /// Wraps `key`, bound to `context` as far as the provider can.
    ///
    /// # Errors
    /// The provider's own: see there. From [`Step::Send`] on they come from the operation.
    fn wrap(
        &self,
        key: &DataKey,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
    ) -> Result<Step<Pending<Edk>>, Error>;

    /// Unwraps `edk`; `Ok(None)` if it is not an entry of this KEK, which is no failure.
    ///
    /// # Errors
    /// The provider's own: see there.
    fn unwrap(
        &self,
        edk: &Edk,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<Step<Pending<DataKey>>>, Error>;
}
