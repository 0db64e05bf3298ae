//! Everything that has to be there before anything is built.
//!
//! *Invariant:* running it twice does nothing the second time.

use crate::{browsers, conformance, packaging, postgres, run::Cx, toolchain::WasmToolchain, tools};
use anyhow::Result;

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
    postgres::ensure(cx)?;
    Ok(())
}
