//! Randomness, as an argument.
//!
//! *Invariant:* nothing here is a source of randomness.

use crate::error::Error;

/// Where the host gets random bytes. Must be cryptographically secure and independent at every call.
pub trait Entropy {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    /// [`Error::Internal`] when the platform gives none.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error>;
}

/// An array of random bytes.
pub(crate) fn random<const N: usize>(entropy: &mut dyn Entropy) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}
