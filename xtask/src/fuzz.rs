//! Runs the fuzz targets of `tests/fuzz` with what they learned before.
//!
//! *Invariant:* the corpus in the repository is read and never written; what a run learns stays under `target/`.

use crate::run::Cx;
use anyhow::{Context, Result, ensure};
use std::fs;

/// The targets, as the manifest has them.
const TARGETS: [&str; 4] = ["header", "open", "range", "key_protect"];
/// The fuzzer's command line, pinned.
const VERSION: &str = "0.13.2";

/// Runs each target for `seconds`, or those named.
pub(crate) fn run(cx: &Cx, seconds: u32, only: &[String]) -> Result<()> {
    if let Some(unknown) = only.iter().find(|name| !TARGETS.contains(&name.as_str())) {
        anyhow::bail!("there is no target `{unknown}`; known are {}", TARGETS.join(", "));
    }
    let nightly = cx.cmd("rustc").arg("--version").env("RUSTUP_TOOLCHAIN", "nightly").output_text();
    ensure!(nightly.is_ok(), "fuzzing needs a nightly toolchain; type: rustup toolchain install nightly");
    install(cx)?;
    for name in TARGETS.iter().filter(|name| only.is_empty() || only.iter().any(|wanted| wanted == *name)) {
        let learned = format!("target/fuzz-corpus/{name}");
        fs::create_dir_all(cx.project.path(&learned))?;
        cx.say(format!("Fuzzing {name} for {seconds} s."));
        cx.cargo()
            .path_first(&cx.project.tools_bin())?
            .env("RUSTUP_TOOLCHAIN", "nightly")
            .env("CARGO_TARGET_DIR", cx.project.path("target/fuzz"))
            .args(["fuzz", "run", "--fuzz-dir", "tests/fuzz", name, &learned, &format!("tests/fuzz/corpus/{name}")])
            .args(["--", &format!("-max_total_time={seconds}"), "-print_final_stats=1", "-max_len=4096"])
            .run()
            .with_context(|| format!("the target {name} found something; its input is in tests/fuzz/artifacts"))?;
    }
    Ok(())
}

fn install(cx: &Cx) -> Result<()> {
    let program = cx.project.tools_bin().join("cargo-fuzz");
    if program.is_file() {
        return Ok(());
    }
    cx.say(format!("Installing cargo-fuzz {VERSION} into target/tools (a minute, once)."));
    let root = cx.project.path("target/tools");
    cx.cargo().args(["install", "cargo-fuzz", "--version", VERSION, "--locked", "--quiet", "--root"]).arg(root).run()
}
