//! What the server asks of the outside world: the time and random bytes.
//!
//! *Invariant:* only declared here; the real ones are made by `main`, fixed ones by tests.

use jiff::Timestamp;

/// The present moment.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Unpredictable bytes, fit for keys.
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer or panics: a server without randomness must not go on.
    fn fill(&self, buffer: &mut [u8]);

    /// A new random (version 4) UUID.
    fn uuid(&self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
