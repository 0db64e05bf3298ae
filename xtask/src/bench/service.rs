//! Measures the wrap and unwrap round trip against the release key server, beside IBM's own SDK.
//!
//! *Invariant:* both sides run in one process, against one server, taking turns; a number without its peer is not printed.

use super::Options;
use crate::{conformance, demo, run::Cx, server::Server};
use anyhow::{Context, Result};

/// Builds what ships, starts a server with an empty store, and runs the comparison.
pub(super) fn run(cx: &Cx, _: &Options) -> Result<()> {
    demo::build(cx)?;
    let trees = conformance::prepare(cx)?;
    let data = cx.project.path("target/xtask/bench-data");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    let server = Server::start(cx, &data, 0)?;
    let api_key = server.ready.api_key.as_deref().context("an empty store prints an API key")?;
    cx.cmd("node")
        .arg("--expose-gc")
        .arg(cx.project.path("tests/bench/round-trip.mjs"))
        .env("ENVELOCK_URL", &server.ready.url)
        .env("ENVELOCK_INSTANCE", &server.ready.instance)
        .env("ENVELOCK_API_KEY", api_key)
        .env("ENVELOCK_PACKAGE", cx.project.package())
        .env("ENVELOCK_CONFORMANCE", trees)
        .run()?;
    server.stop()?;
    Ok(())
}
