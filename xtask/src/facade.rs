//! Compiles the TypeScript façade and puts everything that an entry of the npm package imports into one script.
//!
//! *Invariant:* an entry imports nothing but the forms of the module, which other entries use too, and what its runtime
//! has.

use crate::{run::Cx, tools, wasm};
use anyhow::{Context, Result};
use std::{fs, path::Path};

/// The scripts of the module that are small enough to be in every entry.
const GLUE: [&str; 3] = ["envelock_bg.js", "translated_bg.js", "sha256.js"];
/// What stays outside of the entries.
const OUTSIDE: [&str; 5] =
    ["../wasm/embedded.js", "../wasm/translated.js", "../wasm/*.wasm", "../wasm/*.wasm?module", "node:*"];

/// Writes the entries and all types into the package folder. The module has to be finished before.
pub(crate) fn build(cx: &Cx) -> Result<()> {
    let compiled = cx.project.path("target/xtask/facade");
    let _ = fs::remove_dir_all(&compiled);
    cx.cmd(tools::package_tool(cx, "tsc")).args(["--project", "pkg-config/tsconfig.json"]).run()?;
    let glue = compiled.join("wasm");
    fs::create_dir_all(&glue)?;
    for file in GLUE {
        fs::copy(wasm::output(&cx.project).join(file), glue.join(file))
            .with_context(|| format!("cannot copy {file}"))?;
    }
    bundle(cx, &compiled)
}

/// Not minified: whoever reviews what a page loads can read it, and applications minify what they serve.
fn bundle(cx: &Cx, compiled: &Path) -> Result<()> {
    let mut scripts: Vec<_> =
        fs::read_dir(compiled.join("entry"))?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    scripts.sort();
    let options = ["--bundle", "--format=esm", "--target=es2022", "--charset=utf8", "--log-level=warning"];
    let outside = OUTSIDE.map(|path| format!("--external:{path}"));
    // From inside of the folder, as the names of its files are written into the scripts.
    let esbuild = cx.cmd(tools::package_tool(cx, "esbuild")).dir(compiled).args(options).args(outside).args(&scripts);
    esbuild.arg(format!("--outdir={}", cx.project.package().join("entry").display())).run()
}
