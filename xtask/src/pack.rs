//! Assembles the npm package from `pkg-config/` and the finished module, and packs the tarball.
//!
//! *Invariant:* what is published is made from what is committed; nothing in the output is edited by hand.

use crate::{
    facade, forms,
    project::{Project, version_of},
    run::Cx,
    sbom,
    stamp::{Inputs, when_changed},
    toolchain::WasmToolchain,
    translate, wasm,
};
use anyhow::{Context, Result};
use serde_json::{Map, Value};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Files that go into the package as they are. The package may have its own; else the repository's is taken.
const COPIED: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// The guide, and what it leads to.
const GUIDE: [&str; 3] = ["docs/client.md", "docs/examples", "docs/keyrings"];

/// Brings the package folder and its tarball up to date; returns the tarball.
pub(crate) fn build(cx: &Cx, toolchain: &WasmToolchain) -> Result<PathBuf> {
    wasm::build(cx, toolchain)?;
    translate::build(cx)?;
    forms::build(cx)?;
    let version = version_of(cx, "envelock")?;
    let tarball = tarball(&cx.project, &version);
    let mut inputs = Inputs::new(cx).text(&version).tree("pkg-config", &["node_modules"])?;
    inputs = inputs.tree("target/npm/envelock/wasm", &[])?.tree("xtask/src/pack.rs", &[])?;
    inputs = inputs.tree("xtask/src/facade.rs", &[])?.tree("xtask/src/sbom.rs", &[])?.tree("Cargo.lock", &[])?;
    for path in COPIED.iter().chain(&GUIDE) {
        inputs = inputs.tree(path, &[])?;
    }
    let manifest = cx.project.package().join("package.json");
    when_changed(cx, "pack", inputs, &[&tarball, &manifest], || {
        cx.say(format!("Assembling the npm package envelock {version}."));
        assemble(cx, &version)?;
        let folder = tarball.parent().context("the tarball has no folder")?;
        cx.cmd("npm")
            .dir(cx.project.package())
            .args(["pack", "--silent", "--ignore-scripts", "--pack-destination"])
            .arg(folder)
            .output_text()?;
        anyhow::ensure!(tarball.is_file(), "npm packed something, but not {}", tarball.display());
        Ok(())
    })?;
    Ok(tarball)
}

/// Where the tarball of a version is.
pub(crate) fn tarball(project: &Project, version: &str) -> PathBuf {
    project.path("target/npm").join(format!("envelock-{version}.tgz"))
}

fn assemble(cx: &Cx, version: &str) -> Result<()> {
    let package = cx.project.package();
    // What was removed from the sources must not survive here; the module has its own stamp and stays.
    for entry in fs::read_dir(&package)? {
        let entry = entry?;
        if entry.file_name() != "wasm" {
            if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
        }
    }
    let source = cx.project.path("pkg-config/package.json");
    let manifest = fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
    let published = published(&manifest, version).with_context(|| format!("{}", source.display()))?;
    fs::write(package.join("package.json"), published)?;
    for file in COPIED {
        let own = cx.project.path("pkg-config").join(file);
        let from = if own.is_file() { own } else { cx.project.path(file) };
        copy(&from, &package.join(file))?;
    }
    for path in GUIDE {
        copy(&cx.project.path(path), &package.join(path))?;
    }
    let module = wasm::output(&cx.project).join("envelock_bg.wasm");
    fs::write(package.join(sbom::FILE), sbom::text(cx, version, &module)?)?;
    facade::build(cx)
}

/// Copies a file, or a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
    fs::copy(from, to).map(drop).with_context(|| format!("cannot copy {} into the package", from.display()))
}

/// The manifest as published: without what only the checkout needs, with the version of the crate.
fn published(manifest: &str, version: &str) -> Result<String> {
    let mut fields: Map<String, Value> = serde_json::from_str(manifest)?;
    for private in ["private", "scripts", "devDependencies"] {
        fields.shift_remove(private);
    }
    let name = fields.shift_remove("name").context("the manifest has no name")?;
    fields.shift_remove("version");
    let head = [("name".to_owned(), name), ("version".to_owned(), version.into())];
    let ordered: Map<String, Value> = head.into_iter().chain(fields).collect();
    Ok(serde_json::to_string_pretty(&ordered)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_manifest_has_the_version_and_nothing_private() {
        let manifest = r#"{"name":"envelock","private":true,"version":"9.9.9","type":"module",
                           "devDependencies":{"typescript":"7.0.2"},"scripts":{"x":"y"},"exports":{".":"./a.js"}}"#;
        let published: Map<String, Value> =
            serde_json::from_str(&published(manifest, "1.2.3").expect("valid")).expect("json");
        let keys: Vec<_> = published.keys().map(String::as_str).collect();
        assert_eq!(keys, ["name", "version", "type", "exports"]);
        assert_eq!(published["version"], "1.2.3");
    }

    #[test]
    fn a_manifest_without_a_name_is_refused() {
        assert!(published("{}", "1.2.3").is_err());
    }
}
