//! The published algorithms, over bytes.
//!
//! *Invariant:* no primitive is implemented here, and nothing here picks a nonce.

pub(crate) mod gcm;
pub(crate) mod kdf;
pub(crate) mod key_wrap;

#[cfg(test)]
mod tests;
