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
}

/// Tries to unwrap `edks` in their order. The first that unwraps wins; `None` if none is an entry of `kek`.
///
/// # Errors
/// If none unwraps, the failure of the first that was tried.
pub(crate) fn unwrap_first(
    kek: &dyn Kek,
    edks: &[Edk],
    context: &EncryptionContext,
    entropy: &mut dyn Entropy,
    now: Timestamp,
) -> Result<Option<Unwrapping>, Error> {
    let mut untried = Vec::new();
    let mut failure = None;
    for edk in edks {
        match kek.unwrap(edk, context, entropy, now) {
            Ok(step) => untried.extend(step),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    if untried.is_empty() && failure.is_none() {
        return Ok(None);
    }
    untried.reverse();
    try_next(untried, failure, now).map(Some)
}

/// Goes on with the last of `untried`.
fn try_next(mut untried: Vec<Unwrapping>, failure: Option<Error>, now: Timestamp) -> Result<Unwrapping, Error> {
    let Some(step) = untried.pop() else {
        return Err(failure.unwrap_or(Error::NoMatchingKek));
    };
    step.then(now, |unwrapped, now| match unwrapped {
        Ok(unwrapped) => Ok(Step::Done(unwrapped)),
        Err(error) => try_next(untried, failure.or(Some(error)), now),
    })
}
