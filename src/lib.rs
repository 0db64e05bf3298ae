//! Client-side envelope encryption for the web, with keys the customer owns.
//!
//! Data is sealed under a fresh data key (DEK) where it is made; the data key is wrapped under a root key (KEK) that
//! a key service holds. What is stored or sent holds ciphertext and the wrapped data key, never plaintext.
//!
//! # Layers
//!
//! Imports only point down; modules on one line do not know each other.
//!
//! ```text
//! bindings                            what JavaScript sees; the only place that acts
//! client                              joins KEK, tokens, retries and messages
//! message · kek · auth · cache        the format · who wraps data keys · access tokens · data keys for reuse
//! keys · context · crypto · operation
//! codec · endpoint · entropy · flight · json · meter · secret · time · error
//! ```

#![cfg_attr(not(test), no_std)]

#[macro_use]
extern crate alloc;

#[cfg(target_arch = "wasm32")]
pub mod bindings;

pub mod auth;
pub mod cache;
pub mod client;
pub mod kek;
pub mod message;

pub mod context;
mod crypto;
pub mod keys;
pub mod operation;

mod codec;
pub mod endpoint;
pub mod entropy;
pub mod error;
pub mod flight;
mod json;
mod meter;
pub mod secret;
pub mod time;
