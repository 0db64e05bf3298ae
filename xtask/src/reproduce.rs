//! Keeps the place of a build out of the module, and proves it by a second build in another place.
//!
//! *Invariant:* sources, lock file and toolchain decide every byte of the module, and nothing else does.

use crate::{forms::sha256, project::WASM_TARGET, run::Cx, toolchain::WasmToolchain, wasm};
use anyhow::{Context, Result, ensure};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Where cargo takes flags for the module's compiler from; those of `.cargo/config.toml` stay.
pub(crate) const FLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

/// Flags by which messages of the module name the files of crates as they are called, and not where they lie here.
pub(crate) fn flags(cx: &Cx) -> Result<String> {
    // The sources have to be there: their folder has a part in its name that depends on the registry.
    cx.cargo().args(["fetch", "--quiet", "--locked", "--target", WASM_TARGET]).run()?;
    let sources = cargo_home()?.join("registry/src");
    let mut folders: Vec<PathBuf> = match fs::read_dir(&sources) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?,
        Err(_) => Vec::new(),
    };
    folders.sort();
    let flags = folders.iter().map(|folder| format!("--remap-path-prefix={}=crates", folder.display()));
    Ok(flags.collect::<Vec<_>>().join(" "))
}

/// Builds the module from a copy of the sources in another folder, into another target folder, with the same crates under
/// another path, and compares it with the one in the package.
pub(crate) fn check(cx: &Cx, toolchain: &WasmToolchain) -> Result<()> {
    let work = cx.project.path("target/xtask/reproduce");
    let _ = fs::remove_dir_all(&work);
    let (sources, home, target) = (work.join("a/copy/of/the/sources"), work.join("home"), work.join("out"));
    copy_tracked(cx, &sources)?;
    fs::create_dir_all(&home)?;
    std::os::unix::fs::symlink(cargo_home()?.join("registry"), home.join("registry"))?;
    let elsewhere = flags(cx)?.replace(&cargo_home()?.display().to_string(), &home.display().to_string());
    cx.say("Building the module a second time, in another place.");
    let cargo = wasm::compile(cx, toolchain)?.dir(&sources).env(FLAGS, elsewhere);
    cargo.env("CARGO_HOME", &home).env("CARGO_TARGET_DIR", &target).env("CARGO_NET_OFFLINE", "true").run()?;
    let (glue, second) = (work.join("glue"), work.join("envelock_bg.wasm"));
    wasm::make_glue(cx, &wasm::compiled(&target.join(WASM_TARGET).join("wasm")), &glue)?;
    wasm::optimise(cx, &glue.join("envelock_bg.wasm"), &second)?;
    let [first, second] = [wasm::output(&cx.project).join("envelock_bg.wasm"), second].map(|path| hash(&path));
    let (first, second) = (first?, second?);
    ensure!(
        first == second,
        "the two builds differ: {first} in the package, {second} elsewhere; see {}",
        work.display()
    );
    cx.say(format!("Both builds have the SHA-256 {first}."));
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
}

fn hash(path: &Path) -> Result<String> {
    Ok(sha256(&fs::read(path).with_context(|| format!("cannot read {}", path.display()))?))
}

fn copy_tracked(cx: &Cx, to: &Path) -> Result<()> {
    for file in cx.cmd("git").args(["ls-files", "-z"]).output_text()?.split_terminator('\0') {
        let path = to.join(file);
        fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
        fs::copy(cx.project.path(file), &path).with_context(|| format!("cannot copy {file}"))?;
    }
    Ok(())
}

fn cargo_home() -> Result<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).context("neither CARGO_HOME nor HOME is set")
}
