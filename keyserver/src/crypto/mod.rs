//! Encryption of data keys under root keys, and of root keys under the master key.
//!
//! *Invariant:* knows no key records and no store: bytes and AAD in, bytes out.

pub(crate) mod custody;
mod gcm;
pub(crate) mod import;
pub(crate) mod master;
pub(crate) mod private_file;
pub(crate) mod seal;
pub(crate) mod wrapped;
