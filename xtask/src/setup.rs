//! Everything that has to be there before anything is built.
//!
//! *Invariant:* running it twice does nothing the second time.

use crate::{apt, browsers, conformance, packaging, postgres, run::Cx, toolchain::WasmToolchain, tools};
use anyhow::Result;

/// Other people's programs that the tests of the key server call, and the Debian packages they are in.
const PROGRAMS: [(&str, &str); 11] = [
    ("age", "age"),
    ("curl", "curl"),
    ("faketime", "faketime"),
    ("jq", "jq"),
    ("kill", "procps"),
    ("mount", "mount"),
    ("nginx", "nginx-light"),
    ("openssl", "openssl"),
    ("pkcs11-tool", "opensc"),
    ("python3", "python3"),
    ("softhsm2-util", "softhsm2"),
];

/// What builds and `demo` need.
pub(crate) fn build(cx: &Cx) -> Result<WasmToolchain> {
    let toolchain = WasmToolchain::ensure(cx)?;
    tools::wasm_bindgen(cx)?;
    tools::npm_ci(cx, "pkg-config")?;
    Ok(toolchain)
}

/// What the tests need too.
pub(crate) fn all(cx: &Cx) -> Result<()> {
    let toolchain = build(cx)?;
    cx.say(format!("WebAssembly is compiled by {}.", toolchain.describe()));
    browsers::ensure(cx)?;
    tools::npm_ci(cx, "tests")?;
    packaging::prepare(cx)?;
    conformance::prepare(cx)?;
    programs(cx)?;
    postgres::ensure(cx)
}

/// What the tests of the key server call.
pub(crate) fn programs(cx: &Cx) -> Result<()> {
    apt::ensure_programs(cx, &PROGRAMS, "the tests of the key server")
}
