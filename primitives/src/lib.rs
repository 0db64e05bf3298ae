//! AES and AES-GCM under keys of 16, 24 or 32 bytes, and HKDF: what takes the time when data is sealed or opened.
//!
//! *Invariant:* no primitive is implemented here, and nothing here picks a nonce.
//!
//! A crate of its own, as it is compiled for speed in a module whose rest is compiled for size.

#![no_std]

mod cipher;
mod gcm;
mod hkdf;

pub use cipher::Aes;
pub use gcm::{Gcm, NONCE_LENGTH, NotAuthentic, TAG_LENGTH};
pub use hkdf::{Hash, Hkdf};
