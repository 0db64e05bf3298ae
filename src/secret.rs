//! The one home of secret bytes.
//!
//! *Invariant:* a secret is wiped when dropped and can be neither copied, compared, printed nor serialized by accident.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

/// Secret bytes on the heap: wiped on drop; no `Clone`, no `==`, and `Debug` shows nothing.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over `bytes`; the caller keeps no copy.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves. Every call says beside it why it needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
