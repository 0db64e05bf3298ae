//! Every KEK from outside, with no socket and no runtime; on the host and as wasm.

mod support;

#[path = "kek/arguments.rs"]
mod arguments;
#[path = "kek/local.rs"]
mod local;
#[path = "kek/rotation.rs"]
mod rotation;
#[path = "kek/several.rs"]
mod several;
#[path = "kek/tokens.rs"]
mod tokens;
#[path = "kek/transcripts.rs"]
mod transcripts;
#[path = "kek/verify.rs"]
mod verify;
