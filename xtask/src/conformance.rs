//! Prepares other people's clients, each in a tree of its own, for the tests that drive the key server with them.
//!
//! *Invariant:* the clients are used as published, at pinned versions, and never become dependencies of the project.

use crate::{
    run::{Cx, on_path},
    stamp::{Inputs, when_changed},
    tools,
};
use anyhow::{Context, Result, ensure};
use std::{fs, path::PathBuf};

const NODE_FROM: &str = "keyserver/tests/conformance/node";
const NODE_TO: &str = "target/conformance/node-key-protect";
const PYTHON_FROM: &str = "keyserver/tests/conformance/python/requirements.txt";
const PYTHON_TO: &str = "target/conformance/python-keyprotect-3";

/// Brings both trees up to date; returns the folder that holds them.
pub(crate) fn prepare(cx: &Cx) -> Result<PathBuf> {
    node(cx).context("IBM's npm SDK cannot be prepared")?;
    python(cx).context("IBM's Python SDK cannot be prepared")?;
    Ok(cx.project.path("target/conformance"))
}

fn node(cx: &Cx) -> Result<()> {
    let to = cx.project.path(NODE_TO);
    fs::create_dir_all(&to)?;
    for file in ["package.json", "package-lock.json"] {
        let from = cx.project.path(NODE_FROM).join(file);
        fs::copy(&from, to.join(file)).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    tools::npm_ci(cx, NODE_TO)
}

fn python(cx: &Cx) -> Result<()> {
    ensure!(on_path("python3"), "Python 3 is needed; on Debian: sudo apt-get install -y python3 python3-venv");
    let requirements = cx.project.path(PYTHON_FROM);
    ensure!(requirements.is_file(), "{PYTHON_FROM} does not exist");
    let to = cx.project.path(PYTHON_TO);
    let python = to.join("bin/python");
    let version = cx.cmd("python3").arg("--version").output_text()?;
    let inputs = Inputs::new(cx).file(&requirements)?.text(&version);
    when_changed(cx, "conformance-python", inputs, &[&python], || {
        cx.say(format!("Installing {PYTHON_FROM} into {PYTHON_TO}."));
        cx.cmd("python3").args(["-m", "venv", "--clear"]).arg(&to).run()?;
        cx.cmd(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements).run()
    })?;
    Ok(())
}
