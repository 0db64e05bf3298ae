//! Prepares the projects that use the packed package: one for each bundler and kind of runtime.
//!
//! *Invariant:* they are copies outside of the sources, with the packages of their own lock files; the package under
//! test is put in by the tests.

use crate::{run::Cx, tools};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf};

/// Where the projects are described: a folder with manifest, lock file and settings for each.
const SOURCES: &str = "tests/packaging";
/// Where they are put together.
const PROJECTS: &str = "target/packaging";

/// Brings all of them up to date.
pub(crate) fn prepare(cx: &Cx) -> Result<()> {
    let sources = cx.project.path(SOURCES);
    for entry in fs::read_dir(&sources).with_context(|| format!("{SOURCES}/ does not exist"))? {
        let entry = entry?;
        if entry.path().join("package.json").is_file() {
            project(cx, &entry.file_name().to_string_lossy())?;
        }
    }
    Ok(())
}

/// Brings one of them up to date; returns its folder.
pub(crate) fn project(cx: &Cx, name: &str) -> Result<PathBuf> {
    let to = format!("{PROJECTS}/{name}");
    tools::npm_tree(cx, &format!("{SOURCES}/{name}"), &to)?;
    Ok(cx.project.path(&to))
}
