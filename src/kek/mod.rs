//! Key encryption keys: whatever can wrap a data key and unwrap it again.
//!
//! *Invariant:* a KEK sees data keys and contexts, never messages; it is named by the caller's configuration, never
//! by a message.

mod all_of;
mod any_of;
mod key_protect;
mod local;
mod raw_aes;
mod several;

use alloc::vec::Vec;

pub use all_of::AllOf;
pub use any_of::AnyOf;
pub use key_protect::KeyProtect;
pub use local::LocalKek;
pub use raw_aes::RawAes;
pub(crate) use several::{all, unwrap_first};

use crate::context::EncryptionContext;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::keys::{DataKey, Edk, Unwrapped};
use crate::operation::{Pending, Step};
use crate::time::Timestamp;

/// The way to a data key's wrapped copies.
pub type Wrapping = Step<Pending<Vec<Edk>>>;
/// The way from a wrapped copy to its data key.
pub type Unwrapping = Step<Pending<Unwrapped>>;

/// The one joint: everything that can protect a data key. A new provider is one more file beside this one.
pub trait Kek {
    /// A new data key, and its wrapped copies as [`wrap`](Self::wrap) makes them.
    ///
    /// # Errors
    /// [`Error::Internal`] without randomness, and those of [`wrap`](Self::wrap).
    fn generate(
        &self,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<(DataKey, Wrapping), Error> {
        let key = DataKey::generate(entropy)?;
        let wrapping = self.wrap(&key, context, entropy, now)?;
        Ok((key, wrapping))
    }

    /// Wraps `key`, bound to `context` as far as the provider can: at least one entry for a message's header.
    ///
    /// # Errors
    /// The provider's own: see there. From [`Step::Send`] on they come from the operation.
    fn wrap(
        &self,
        key: &DataKey,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Wrapping, Error>;

    /// Unwraps `edk`; `Ok(None)` if it is not an entry of this KEK, which is no failure.
    ///
    /// # Errors
    /// The provider's own: see there.
    fn unwrap(
        &self,
        edk: &Edk,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Option<Unwrapping>, Error>;

    /// Names this KEK and who uses it, for telling cached data keys apart: the same only for the same key names and
    /// the same caller. No secret can be found from it.
    fn identity(&self) -> [u8; 32];

    /// How many entries it adds to a message.
    fn entries(&self) -> usize {
        1
    }

    /// Whether it can wrap a data key that is given to it, and not only one that it makes.
    fn wraps_given_keys(&self) -> bool {
        true
    }
}
