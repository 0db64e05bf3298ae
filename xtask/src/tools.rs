//! Programs the build needs beside a compiler: wasm-bindgen's command line and the trees of npm packages.
//!
//! *Invariant:* everything comes from a package registry, by its ordinary client, at a version written down in a lock file.

use crate::{
    project::version_of,
    run::{Cx, on_path},
    stamp::{Inputs, when_changed},
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Installs wasm-bindgen's command line and test runner in the version of the library, unless they are there.
pub(crate) fn wasm_bindgen(cx: &Cx) -> Result<PathBuf> {
    let version = version_of(cx, "wasm-bindgen")?;
    let program = cx.project.tools_bin().join("wasm-bindgen");
    let runner = cx.project.tools_bin().join("wasm-bindgen-test-runner");
    let is_right = |program: &Path| {
        let answer = cx.cmd(program).arg("--version").output_text().unwrap_or_default();
        answer.split_whitespace().last() == Some(version.as_str())
    };
    if is_right(&program) && runner.is_file() {
        return Ok(program);
    }
    cx.say(format!(
        "Installing wasm-bindgen-cli {version}, the version of the library in Cargo.lock, into target/tools (some minutes, once)."
    ));
    let build = cx.project.path("target/xtask/wasm-bindgen-cli");
    // Unoptimised: it compiles in half the time and runs for half a second. Its own lock file is not used (no --locked):
    // it names a package version that not every mirror of the registry has.
    cx.cargo()
        .args(["install", "wasm-bindgen-cli", "--version", &version, "--debug", "--force", "--quiet", "--root"])
        .arg(cx.project.path("target/tools"))
        .env("CARGO_TARGET_DIR", &build)
        .run()?;
    ensure!(is_right(&program), "{} is not version {version} after installing it", program.display());
    fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
    Ok(program)
}

/// Installs the locked npm packages of a folder when its lock file changed. `relative` is inside the checkout.
pub(crate) fn npm_ci(cx: &Cx, relative: &str) -> Result<()> {
    node(cx)?;
    let dir = cx.project.path(relative);
    ensure!(dir.join("package-lock.json").is_file(), "{relative}/package-lock.json does not exist");
    let inputs = Inputs::new(cx)
        .tree(&format!("{relative}/package.json"), &[])?
        .tree(&format!("{relative}/package-lock.json"), &[])?;
    let name = format!("npm-{}", relative.replace('/', "-"));
    when_changed(cx, &name, inputs, &[&dir.join("node_modules/.package-lock.json")], || {
        cx.say(format!("Installing the npm packages of {relative}/ as its lock file has them."));
        // Install scripts could download programs from anywhere; nothing here needs one.
        cx.cmd("npm").dir(&dir).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).run()
    })?;
    Ok(())
}

/// Copies the files of a folder with a manifest and a lock file to another one, and installs the locked npm packages
/// there. Both are inside the checkout.
pub(crate) fn npm_tree(cx: &Cx, from: &str, to: &str) -> Result<()> {
    let folder = cx.project.path(to);
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(cx.project.path(from)).with_context(|| format!("{from} does not exist"))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let path = entry.path();
            fs::copy(&path, folder.join(entry.file_name()))
                .with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    npm_ci(cx, to)
}

/// A program of the package's development tools.
pub(crate) fn package_tool(cx: &Cx, name: &str) -> PathBuf {
    cx.project.path("pkg-config/node_modules/.bin").join(name)
}

/// Says clearly what is missing when Node is not there or too old.
fn node(cx: &Cx) -> Result<()> {
    if !on_path("node") || !on_path("npm") {
        bail!(
            "Node.js 20 or newer with npm is needed; on Debian: sudo apt-get install -y nodejs npm, or see nodejs.org"
        );
    }
    let version = cx.cmd("node").arg("--version").output_text()?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    ensure!(
        major.is_some_and(|major| major >= 20),
        "Node.js 20 or newer is needed; `node --version` says {}",
        version.trim()
    );
    Ok(())
}
