//! The host's cases, compiled to wasm and run in Node and in a browser.
#![cfg(target_arch = "wasm32")]

#[path = "kek.rs"]
mod kek;
#[path = "message.rs"]
mod message;
