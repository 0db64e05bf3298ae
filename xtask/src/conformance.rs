//! Prepares other people's programs, each in a tree of its own, for the tests that hold ours against them.
//!
//! *Invariant:* they are used as published, at pinned versions, and never become dependencies of the project.

use crate::{
    apt,
    run::Cx,
    stamp::{Inputs, when_changed},
    tools,
};
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;

/// The folder that holds the trees.
const TREES: &str = "target/conformance";
/// npm packages: name of the tree, and the folder with the manifest and the lock file.
const NODE: [(&str, &str); 3] = [
    ("node-key-protect", "keyserver/tests/conformance/node"),
    ("node-platform-services", "keyserver/tests/conformance/node-platform"),
    AWS,
];
const AWS: (&str, &str) = ("node-aws", "tests/interop/node");
/// What the npm package is measured beside.
const PEERS: [(&str, &str); 2] = [AWS, ("bench-peers", "tests/bench/peers")];
/// Python packages: name of the tree, and the file with the pinned versions.
const PYTHON: [(&str, &str); 5] = [
    ("python-keyprotect-3", "keyserver/tests/conformance/python/requirements.txt"),
    ("python-keyprotect-2", "keyserver/tests/conformance/python-keyprotect-2/requirements.txt"),
    ("python-platform-services", "keyserver/tests/conformance/python-platform-services/requirements.txt"),
    ("python-schemathesis", "keyserver/tests/conformance/schemathesis/requirements.txt"),
    ("python-aws", "tests/interop/python/requirements.txt"),
];

/// Brings all trees up to date; returns the folder that holds them.
pub(crate) fn prepare(cx: &Cx) -> Result<PathBuf> {
    nodes(cx, &NODE)?;
    for (name, from) in PYTHON {
        python(cx, name, from).with_context(|| format!("the Python packages of {from} cannot be prepared"))?;
    }
    Ok(cx.project.path(TREES))
}

/// Brings the trees of the client benchmarks' peers up to date; returns the folder that holds them.
pub(crate) fn peers(cx: &Cx) -> Result<PathBuf> {
    nodes(cx, &PEERS)?;
    Ok(cx.project.path(TREES))
}

fn nodes(cx: &Cx, trees: &[(&str, &str)]) -> Result<()> {
    for (name, from) in trees {
        tools::npm_tree(cx, from, &format!("{TREES}/{name}"))
            .with_context(|| format!("the npm packages of {from} cannot be prepared"))?;
    }
    Ok(())
}

fn python(cx: &Cx, name: &str, from: &str) -> Result<()> {
    if cx.cmd("python3").args(["-c", "import ensurepip"]).output_text().is_err() {
        apt::ensure(cx, &["python3", "python3-venv"], "other people's clients in Python")?;
    }
    let requirements = cx.project.path(from);
    ensure!(requirements.is_file(), "{from} does not exist");
    let to = cx.project.path(TREES).join(name);
    let python = to.join("bin/python");
    let version = cx.cmd("python3").arg("--version").output_text()?;
    let inputs = Inputs::new(cx).file(&requirements)?.text(&version);
    when_changed(cx, name, inputs, &[&python], || {
        cx.say(format!("Installing {from} into {TREES}/{name}."));
        cx.cmd("python3").args(["-m", "venv", "--clear"]).arg(&to).run()?;
        cx.cmd(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements).run()
    })?;
    Ok(())
}
