//! Lists what is linked into the module, as CycloneDX JSON.
//!
//! *Invariant:* the same lock file and module give the same bytes: no time, no serial number, no order by chance.

use crate::{forms::sha256, project::WASM_TARGET, run::Cx, wasm};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The name of the file in the package.
pub(crate) const FILE: &str = "sbom.cdx.json";

/// The list for a version of the package with this module.
pub(crate) fn text(cx: &Cx, version: &str, module: &Path) -> Result<String> {
    let args = ["metadata", "--format-version", "1", "--locked", "--filter-platform", WASM_TARGET];
    let metadata: Value = serde_json::from_str(&cx.cargo().args(args).output_text()?)?;
    let lock = fs::read_to_string(cx.project.path("Cargo.lock"))?;
    let module = sha256(&fs::read(module)?);
    let bom = bom(version, &module, &linked(&metadata)?, &checksums(&lock));
    Ok(serde_json::to_string_pretty(&bom)? + "\n")
}

/// A crate of the module.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    license: String,
    /// Package URLs of the crates that it links.
    links: BTreeSet<String>,
}

impl Crate {
    fn purl(&self) -> String {
        purl(&self.name, &self.version)
    }
}

fn purl(name: &str, version: &str) -> String {
    format!("pkg:cargo/{name}@{version}")
}

/// The crate of the module and all that it links. What only runs in the compiler, macros and their helpers, is no part.
fn linked(metadata: &Value) -> Result<BTreeSet<Crate>> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let by_id = |value: &Value| -> BTreeMap<String, Value> {
        list(value).into_iter().map(|entry| (text(&entry["id"]), entry)).collect()
    };
    let (packages, nodes) = (by_id(&metadata["packages"]), by_id(&metadata["resolve"]["nodes"]));
    let runs_in_compiler = |id: &str| list(&packages[id]["targets"]).iter().any(|t| t["kind"] == json!(["proc-macro"]));
    let root = packages
        .iter()
        .find(|(_, package)| package["name"] == wasm::MODULE)
        .context("the crate of the module is missing")?;
    let mut open = vec![root.0.clone()];
    let mut found = BTreeMap::new();
    while let Some(id) = open.pop() {
        if found.contains_key(&id) {
            continue;
        }
        let normal = |dep: &&Value| list(&dep["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
        let deps = list(&nodes[&id]["deps"]);
        let ids: Vec<String> =
            deps.iter().filter(normal).map(|dep| text(&dep["pkg"])).filter(|id| !runs_in_compiler(id)).collect();
        let named = |id: &String| purl(&text(&packages[id]["name"]), &text(&packages[id]["version"]));
        let [name, version, license] = ["name", "version", "license"].map(|field| text(&packages[&id][field]));
        found.insert(id, Crate { name, version, license, links: ids.iter().map(named).collect() });
        open.extend(ids);
    }
    Ok(found.into_values().collect())
}

/// SHA-256 of the archives of crates, by package URL, as the lock file has them.
fn checksums(lock: &str) -> BTreeMap<String, String> {
    let field = |block: &str, name: &str| {
        block
            .lines()
            .find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned()))
    };
    let entry = |block| Some((purl(&field(block, "name")?, &field(block, "version")?), field(block, "checksum")?));
    lock.split("[[package]]").filter_map(entry).collect()
}

fn bom(version: &str, module: &str, crates: &BTreeSet<Crate>, checksums: &BTreeMap<String, String>) -> Value {
    let package = format!("pkg:npm/envelock@{version}");
    let mut components = vec![json!({
        "type": "file", "bom-ref": "envelock_bg.wasm", "name": "wasm/envelock_bg.wasm",
        "hashes": [{ "alg": "SHA-256", "content": module }],
    })];
    let mut dependencies = vec![json!({ "ref": package, "dependsOn": ["envelock_bg.wasm"] })];
    dependencies.push(json!({ "ref": "envelock_bg.wasm", "dependsOn": [purl(wasm::MODULE, version)] }));
    for one in crates {
        let mut component = json!({
            "type": "library", "bom-ref": one.purl(), "name": one.name, "version": one.version, "purl": one.purl(),
            "licenses": [{ "expression": one.license }],
        });
        if let Some(sum) = checksums.get(&one.purl()) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
        }
        components.push(component);
        dependencies.push(json!({ "ref": one.purl(), "dependsOn": one.links }));
    }
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": { "component": {
            "type": "library", "bom-ref": package, "name": "envelock", "version": version, "purl": package,
        } },
        "components": components, "dependencies": dependencies,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_build_scripts_and_tests_are_no_part_of_the_module() {
        let package = |id: &str, kind: &str| json!({ "id": id, "name": id, "version": "1.0.0", "license": "MIT", "targets": [{ "kind": [kind] }] });
        let dep = |id: &str, kind: Value| json!({ "pkg": id, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [package(wasm::MODULE, "cdylib"), package("used", "lib"), package("derive", "proc-macro"), package("tested", "lib")],
            "resolve": { "nodes": [
                { "id": wasm::MODULE, "deps": [dep("used", Value::Null), dep("derive", Value::Null), dep("tested", json!("dev"))] },
                { "id": "used", "deps": [dep("tested", json!("build"))] },
            ] },
        });
        let names: Vec<_> = linked(&metadata).expect("a graph").into_iter().map(|one| one.name).collect();
        assert_eq!(names, [wasm::MODULE, "used"]);
    }

    #[test]
    fn checksums_are_found_by_name_and_version() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"00ff\"\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
        assert_eq!(checksums(lock), BTreeMap::from([("pkg:cargo/a@1.0.0".to_owned(), "00ff".to_owned())]));
    }
}
