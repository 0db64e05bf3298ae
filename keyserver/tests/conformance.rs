//! Other people's programs, unmodified, against the real binary: only the addresses are ours.
//!
//! Needs the throwaway trees that `cargo xtask test` prepares. Real waits of 30 seconds are part of the stories; they run at
//! the same time.

#[path = "support/calls.rs"]
mod calls;
#[expect(dead_code, reason = "the other tests need more of it")]
#[path = "support/chain.rs"]
mod chain;
#[path = "conformance/gateway.rs"]
mod gateway;
#[path = "conformance/matrix.rs"]
mod matrix;
#[path = "support/process.rs"]
mod process;
#[path = "conformance/schemathesis.rs"]
mod schemathesis;
#[path = "conformance/stories.rs"]
mod stories;

use std::path::{Path, PathBuf};

/// The folder of the trees.
fn trees() -> PathBuf {
    let trees = std::env::var_os("ENVELOCK_CONFORMANCE").map(PathBuf::from);
    trees.expect("ENVELOCK_CONFORMANCE is not set: these tests need other people's programs, so run them with `cargo xtask test`")
}

/// A file beside these tests.
fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(name)
}
