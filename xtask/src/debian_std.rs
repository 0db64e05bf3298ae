//! Compiles the standard library for WebAssembly from Debian's source package, once, into Debian's sysroot.
//!
//! *Invariant:* no network: the library's own dependencies come vendored with its source.

use crate::{project::WASM_TARGET, run::Cx};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What the compiler, its source and a linker for wasm are called in Debian.
pub(crate) const PACKAGES: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "lld-22"];
/// Debian's compiler.
pub(crate) const RUSTC: &str = "/usr/bin/rustc";
/// Debian's cargo.
pub(crate) const CARGO: &str = "/usr/bin/cargo";
/// The folder to link as a toolchain.
pub(crate) const SYSROOT: &str = "/usr";
/// rustc calls its wasm linker `rust-lld`; Debian has the same program under LLVM's name.
const LLD: &str = "/usr/lib/llvm-22/bin/lld";

/// Is the library there, and from this very compiler?
pub(crate) fn ready(cx: &Cx) -> bool {
    let dest = destination();
    let made_by = fs::read_to_string(dest.join(".stamp")).unwrap_or_default();
    holds_core(&dest) && linker().exists() && compiler_id(cx).is_ok_and(|id| id == made_by)
}

/// Does this folder hold a compiled `core`?
pub(crate) fn holds_core(libdir: &Path) -> bool {
    let Ok(entries) = fs::read_dir(libdir) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
}

/// Compiles it and puts it, with the linker's name, where the compiler looks.
pub(crate) fn build(cx: &Cx) -> Result<()> {
    let work = cx.project.path("target/xtask/wasm-std");
    let libraries = compile(cx, &work)?;
    cx.say(format!("Placing it in {}.", destination().display()));
    match place(&libraries) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => bail!("{}", by_hand(&libraries)),
        outcome => outcome.with_context(|| format!("cannot write {}", destination().display()))?,
    }
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
}

/// Compiles in a folder of its own; returns the folder that holds exactly what has to be placed.
fn compile(cx: &Cx, work: &Path) -> Result<PathBuf> {
    let stamp = compiler_id(cx)?;
    let ready = work.join("lib");
    if fs::read_to_string(ready.join(".stamp")).is_ok_and(|made_by| made_by == stamp) {
        return Ok(ready);
    }
    let shim = work.join("shim");
    fs::create_dir_all(shim.join("src"))?;
    fs::write(shim.join("src/lib.rs"), "#![no_std]\n")?;
    let manifest = "[package]\nname = \"stdshim\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                    [profile.release]\ncodegen-units = 1\n\n[workspace]\n";
    fs::write(shim.join("Cargo.toml"), manifest)?;
    let vendored = format!("source.vendored.directory=\"{SYSROOT}/lib/rustlib/src/rust/library/vendor\"");
    let target_dir = work.join("target");
    cx.cmd(CARGO)
        .dir(&shim)
        .path_first(Path::new("/usr/bin"))?
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .env("RUSTC", RUSTC)
        // The option that builds std is unstable; it is used here, once, and by no build of the project.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", &target_dir)
        // Whole-program optimisation of the module reaches into std only when std carries its intermediate code.
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-Cembed-bitcode=yes")
        .args(["build", "--release", "--offline", "--target", WASM_TARGET])
        .arg("-Zbuild-std=std,panic_abort,test,proc_macro")
        .args(["--config", "source.crates-io.replace-with=\"vendored\"", "--config", &vendored])
        .run()?;
    let _ = fs::remove_dir_all(&ready);
    fs::create_dir_all(&ready)?;
    for entry in fs::read_dir(target_dir.join(WASM_TARGET).join("release/deps"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libstdshim-") {
            fs::copy(&path, ready.join(name))?;
        }
    }
    fs::write(ready.join(".stamp"), stamp)?;
    Ok(ready)
}

fn place(libraries: &Path) -> io::Result<()> {
    let dest = destination();
    if dest.exists() {
        fs::remove_dir_all(&dest)?;
    }
    fs::create_dir_all(&dest)?;
    let mut files: Vec<_> = fs::read_dir(libraries)?.collect::<io::Result<_>>()?;
    // The stamp goes last: a copy that was cut short does not count.
    files.sort_by_key(|entry| entry.file_name() == ".stamp");
    for entry in files {
        fs::copy(entry.path(), dest.join(entry.file_name()))?;
    }
    let linker = linker();
    if !linker.exists() {
        fs::create_dir_all(linker.parent().unwrap_or(Path::new(SYSROOT)))?;
        let _ = fs::remove_file(&linker);
        std::os::unix::fs::symlink(LLD, &linker)?;
    }
    Ok(())
}

/// What somebody without the right to write there has to type.
fn by_hand(libraries: &Path) -> String {
    let (dest, linker) = (destination(), linker());
    let bin = linker.parent().unwrap_or(Path::new(SYSROOT));
    format!(
        "The compiled library belongs into Debian's sysroot, which you may not write. Type this, then try again:\n    \
         sudo mkdir -p {dest} {bin}\n    sudo cp -r {from}/. {dest}/\n    sudo ln -sf {LLD} {linker}",
        dest = dest.display(),
        bin = bin.display(),
        from = libraries.display(),
        linker = linker.display(),
    )
}

fn destination() -> PathBuf {
    Path::new(SYSROOT).join("lib/rustlib").join(WASM_TARGET).join("lib")
}

fn linker() -> PathBuf {
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    Path::new(SYSROOT).join("lib/rustlib").join(host).join("bin/rust-lld")
}

/// Names the compiler, so that an update of the packages compiles the library again.
fn compiler_id(cx: &Cx) -> Result<String> {
    let version = cx.cmd(RUSTC).arg("-vV").output_text()?;
    Ok(Sha256::digest(version).iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}
