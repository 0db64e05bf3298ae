//! Enforces how the sources are laid out: who may import whom, how long a file may be, what each one says of itself.
//!
//! *Invariant:* it only reads.

mod rules;
mod scan;
mod text;

use crate::{run::Cx, wasm::MODULE};
use anyhow::{Context, Result, bail};
use rules::{CLIENT, KEYSERVER, Layers};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A source file, read once.
pub(crate) struct Source {
    /// From the root of the checkout.
    name: String,
    text: String,
}

/// Checks everything and lists all that is wrong.
pub(crate) fn check(cx: &Cx) -> Result<()> {
    let root = cx.project.root();
    let mut wrong = Vec::new();
    let mut sources = |folder: &str, endings: &[&str], check: &dyn Fn(&[Source]) -> Result<Vec<String>>| {
        let found = read(root, folder, endings).and_then(|sources| check(&sources));
        wrong.extend(found.unwrap_or_else(|error| vec![format!("{error:#}")]));
    };
    for layers in [&CLIENT, &KEYSERVER] {
        sources(layers.folder, &["rs"], &|sources| {
            let imports: Result<Vec<_>> = sources.iter().map(|source| imports(layers, source)).collect();
            Ok([imports?.concat(), text::rust(sources)?].concat())
        });
    }
    for folder in ["module/src", "primitives/src", "xtask/src"] {
        sources(folder, &["rs"], &text::rust);
    }
    sources("pkg-config", &["ts"], &|sources| Ok(text::length(sources)));
    sources("www/src", &["ts", "css"], &|sources| {
        Ok([text::length(sources), text::specifiers("www", sources)].concat())
    });
    sources("tests/runtimes", &["mjs", "ts"], &|sources| Ok(text::specifiers("tests", sources)));
    wrong.extend(manifests(cx)?);
    if !wrong.is_empty() {
        bail!("{} violations of the layout:\n  {}", wrong.len(), wrong.join("\n  "));
    }
    cx.say("The layout holds.");
    Ok(())
}

/// What a file imports that it may not.
fn imports(layers: &Layers, source: &Source) -> Result<Vec<String>> {
    let module = module_path(&source.name, layers.folder);
    let at = |line: usize, what: String| format!("{}:{line}: {what}", source.name);
    let mut wrong = Vec::new();
    if let Some(top) = module.first().filter(|top| layers.row(top).is_none()) {
        wrong.push(at(1, format!("the module `{top}` has no layer; add it to xtask/src/layers/rules.rs")));
    }
    let named = scan::paths(&source.text, &module).with_context(|| source.name.clone())?;
    for named in named {
        if named.local {
            wrong.extend(layers.objection(&module, &named.path).map(|why| at(named.line, why)));
        }
        let full = if named.local { format!("crate::{}", named.path.join("::")) } else { named.path.join("::") };
        for only in layers.only {
            let names_it = full.strip_prefix(only.what).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
            if names_it && !only.allows(&module.join("::")) {
                wrong.push(at(named.line, format!("`{}` does not belong here: {}", only.what, only.why)));
            }
        }
    }
    Ok(wrong)
}

/// `src/message/header.rs` → message, header; `mod.rs` stands for its folder, `lib.rs` and `main.rs` for the root.
fn module_path(name: &str, folder: &str) -> Vec<String> {
    let inside = name.strip_prefix(folder).unwrap_or(name).trim_start_matches('/');
    let mut path: Vec<String> = inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| last == "mod" || (path.len() == 1 && (last == "lib" || last == "main"))) {
        path.pop();
    }
    path
}

/// The key server shares nothing with the client crate but test data, and every crate takes the common lints.
fn manifests(cx: &Cx) -> Result<Vec<String>> {
    let metadata = cx.cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output_text()?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let mut wrong = Vec::new();
    for package in packages.iter().filter(|package| package["name"] != "envelock") {
        let name = package["name"].as_str().unwrap_or_default();
        let on_client = |dependency: &&Value| dependency["name"] == "envelock" && dependency["kind"] != "dev";
        if name != MODULE
            && package["dependencies"].as_array().into_iter().flatten().any(|dependency| on_client(&dependency))
        {
            wrong.push(format!("{name}: depends on the client crate; only tests and the module may"));
        }
        let manifest = fs::read_to_string(package["manifest_path"].as_str().context("a package has a manifest")?)?;
        if !manifest.contains("[lints]\nworkspace = true") {
            wrong.push(format!("{name}: does not take the workspace's lints, unsafe_code = \"forbid\" among them"));
        }
    }
    let root = fs::read_to_string(cx.project.path("Cargo.toml"))?;
    for line in ["unsafe_code = \"forbid\"", "unsafe_code = \"deny\""] {
        if !root.contains(line) {
            wrong.push(format!("Cargo.toml: {line} is gone"));
        }
    }
    Ok(wrong)
}

/// All files of a folder with one of these endings, without those that hold unit tests only.
fn read(root: &Path, folder: &str, endings: &[&str]) -> Result<Vec<Source>> {
    let mut files = Vec::new();
    list(&root.join(folder), &mut files).with_context(|| format!("{folder}/ cannot be read"))?;
    files.retain(|file| file.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)));
    files.retain(|file| !file.ends_with("tests.rs"));
    files.sort();
    let source = |file: PathBuf| -> Result<Source> {
        let name = file.strip_prefix(root)?.to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).with_context(|| name.clone())?;
        Ok(Source { name, text })
    };
    files.into_iter().map(source).collect()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("node_modules") {
            list(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(layers: &Layers, name: &str, text: &str) -> Vec<String> {
        imports(layers, &Source { name: name.to_owned(), text: text.to_owned() }).expect("Rust")
    }

    #[test]
    fn imports_point_down() {
        assert!(
            wrong(&CLIENT, "src/message/seal.rs", "use crate::keys::DataKey; use super::header::Header;").is_empty()
        );
        assert_eq!(wrong(&CLIENT, "src/keys.rs", "use crate::client::Client;").len(), 1);
        assert_eq!(wrong(&CLIENT, "src/error.rs", "fn f() { crate::time::now() }").len(), 1);
        assert!(wrong(&CLIENT, "src/lib.rs", "pub use crate::client::Client;").is_empty());
    }

    #[test]
    fn siblings_do_not_know_each_other() {
        let wrong = wrong(&CLIENT, "src/message/seal.rs", "use crate::{error::Error,\n kek::Kek};");
        assert_eq!(wrong, ["src/message/seal.rs:2: message may not import kek: imports only point down"]);
    }

    #[test]
    fn a_module_or_name_without_a_layer_is_reported() {
        assert_eq!(wrong(&CLIENT, "src/helpers.rs", "").len(), 1);
        assert_eq!(wrong(&CLIENT, "src/client/mod.rs", "use crate::Error;").len(), 1);
    }

    #[test]
    fn javascript_clocks_and_http_stay_where_they_belong() {
        assert_eq!(wrong(&CLIENT, "src/time.rs", "use std::time::Instant;").len(), 1);
        assert_eq!(wrong(&CLIENT, "src/client/mod.rs", "fn f(x: js_sys::Uint8Array) {}").len(), 1);
        assert!(wrong(&CLIENT, "src/bindings/driver.rs", "use js_sys::Uint8Array;").is_empty());
        assert_eq!(wrong(&KEYSERVER, "keyserver/src/service/keys.rs", "use axum::Json;").len(), 1);
        assert!(wrong(&KEYSERVER, "keyserver/src/lib.rs", "use axum::Router;").is_empty());
        assert_eq!(wrong(&KEYSERVER, "keyserver/src/audit/mod.rs", "use rusqlite::Connection;").len(), 1);
    }

    #[test]
    fn the_cipher_is_for_those_named() {
        assert!(wrong(&CLIENT, "src/message/engine.rs", "use crate::crypto::gcm::{Gcm, TAG_LENGTH};").is_empty());
        assert!(wrong(&CLIENT, "src/message/seal.rs", "use crate::crypto::gcm::TAG_LENGTH;").is_empty());
        assert_eq!(wrong(&CLIENT, "src/message/seal.rs", "use crate::crypto::gcm::Gcm;").len(), 1);
    }
}
