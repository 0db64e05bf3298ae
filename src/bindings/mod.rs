//! What JavaScript sees of this crate, and the only place that acts: network, clock, randomness, callbacks.
//!
//! *Invariant:* nothing is decided here; values are converted in, handed down and converted out.

// The code that `#[wasm_bindgen]` writes calls across the boundary, which is unsafe by nature; none is written by hand.
#![allow(unsafe_code)]

mod aes;
mod client;
mod data_key;
mod driver;
mod error;
mod file;
mod gather;
mod inspect;
mod keeper;
mod kek;
mod options;
mod platform_key;
mod pump;
mod signature;
mod source;
mod stream;
mod turn;
mod verify;
mod webcrypto;
mod whole;

pub use client::Binding;
pub use data_key::DataKeyBinding;
pub use file::{OpenedFile, SealedFile};
pub use inspect::inspect;
pub use stream::{OpenStream, SealStream};

use dlmalloc::GlobalDlmalloc;
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: keys and plaintext that a `Vec` moved away from, and bodies that were parsed.
#[global_allocator]
static WIPING: ZeroAlloc<GlobalDlmalloc> = ZeroAlloc(GlobalDlmalloc);
