//! Builds the console, which uses the packed npm package and is carried by the key server.
//!
//! *Invariant:* the console is built by its own scripts; nothing about its sources is known here.

use crate::{
    run::Cx,
    stamp::{Inputs, when_changed},
    tools,
};
use anyhow::{Result, ensure};

/// What the console is made from: its folder and the package it imports.
fn inputs(cx: &Cx) -> Result<Inputs> {
    Inputs::new(cx).tree("www", &["node_modules", "dist"])?.tree("target/npm/envelock", &[])
}

/// Brings `www/dist` up to date. The package has to be assembled before.
pub(crate) fn build(cx: &Cx) -> Result<()> {
    install(cx)?;
    when_changed(cx, "console", inputs(cx)?, &[&cx.project.path("www/dist/index.html")], || {
        cx.say("Building the console.");
        cx.cmd("npm").dir(cx.project.path("www")).args(["run", "--silent", "build"]).run()
    })?;
    Ok(())
}

/// Type-checks the console.
pub(crate) fn check(cx: &Cx) -> Result<()> {
    install(cx)?;
    cx.cmd("npm").dir(cx.project.path("www")).args(["run", "--silent", "check"]).run()
}

fn install(cx: &Cx) -> Result<()> {
    ensure!(
        cx.project.package().join("package.json").is_file(),
        "the console needs the packed package, which is not built"
    );
    tools::npm_ci(cx, "www")
}
