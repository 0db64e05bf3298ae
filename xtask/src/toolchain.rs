//! Finds, or makes, a Rust toolchain that compiles for WebAssembly.
//!
//! *Invariant:* everything that compiles for wasm goes through the one value made here; nobody else knows which of the
//! routes it came from.

use crate::{
    apt, debian_std,
    project::{Project, WASM_TARGET},
    run::{Cmd, Cx, on_path},
};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// The name under which rustup knows Debian's compiler after the set-up.
const LINKED: &str = "debian";

/// Cargo that can compile for wasm32.
#[derive(Clone)]
pub(crate) struct WasmToolchain(Kind);

#[derive(Clone)]
enum Kind {
    /// The user's own toolchain has the target.
    Plain,
    /// Another toolchain known to rustup.
    Rustup(&'static str),
    /// Debian's programs called by path, on a machine without rustup.
    Direct { cargo: PathBuf, rustc: PathBuf },
}

impl WasmToolchain {
    /// The first way that works here: the target as installed, rustup, Debian's packages. Says what it does.
    pub(crate) fn ensure(cx: &Cx) -> Result<Self> {
        if has_target(cx, "rustc", None) {
            return Ok(Self(Kind::Plain));
        }
        let may_fetch = std::env::var_os("RUSTUP_AUTO_INSTALL").is_none_or(|value| value != "0");
        if may_fetch && on_path("rustup") {
            cx.say(format!("The Rust toolchain has no {WASM_TARGET} target; asking rustup for it."));
            match cx.cmd("rustup").args(["target", "add", WASM_TARGET]).run() {
                Ok(()) if has_target(cx, "rustc", None) => return Ok(Self(Kind::Plain)),
                outcome => cx.say(format!("rustup could not add it ({}).", reason(outcome))),
            }
        }
        if !apt::available() {
            bail!("{}", advice());
        }
        Self::from_debian(cx)
    }

    /// Debian's compiler with the standard library compiled once into its sysroot.
    fn from_debian(cx: &Cx) -> Result<Self> {
        let rustc = Path::new(debian_std::RUSTC);
        if !debian_std::ready(cx) {
            cx.say(format!(
                "The Rust toolchain has no {WASM_TARGET} target{}.\n\
                 Taking Debian's compiler for the WebAssembly builds instead: it comes with the source of the standard \
                 library,\nwhich is compiled for {WASM_TARGET} once (about a minute and a half).",
                if on_path("rustup") { " and rustup may not fetch it here (RUSTUP_AUTO_INSTALL=0)" } else { "" }
            ));
            apt::ensure(cx, &debian_std::PACKAGES, "compiling to WebAssembly")?;
            debian_std::build(cx).context("the standard library could not be compiled for WebAssembly")?;
        }
        if !on_path("rustup") {
            return Ok(Self(Kind::Direct { cargo: debian_std::CARGO.into(), rustc: rustc.into() }));
        }
        if !has_target(cx, "rustc", Some(LINKED)) {
            cx.say(format!("Linking it into rustup as the toolchain `{LINKED}`."));
            cx.cmd("rustup").args(["toolchain", "link", LINKED, debian_std::SYSROOT]).output_text()?;
            if !has_target(cx, "rustc", Some(LINKED)) {
                bail!("the toolchain `{LINKED}` still cannot compile for {WASM_TARGET}; see `rustc +{LINKED} -vV`");
            }
        }
        Ok(Self(Kind::Rustup(LINKED)))
    }

    /// Cargo, to be given a subcommand and `--target`.
    pub(crate) fn cargo<'a>(&self, cx: &'a Cx) -> Cmd<'a> {
        match &self.0 {
            Kind::Plain => cx.cargo(),
            Kind::Rustup(name) => cx.cargo().env("RUSTUP_TOOLCHAIN", name),
            Kind::Direct { cargo, rustc } => cx.cmd(cargo).env("RUSTC", rustc),
        }
    }

    /// One line for people: which toolchain this is.
    pub(crate) fn describe(&self) -> String {
        match &self.0 {
            Kind::Plain => "the installed toolchain".to_owned(),
            Kind::Rustup(name) => format!("rustup's toolchain `{name}`"),
            Kind::Direct { cargo, .. } => cargo.display().to_string(),
        }
    }

    /// Cargo's output folder for this target.
    pub(crate) fn output(project: &Project, profile_folder: &str) -> PathBuf {
        project.cargo_target().join(WASM_TARGET).join(profile_folder)
    }
}

/// Does this compiler have the standard library of the target? An empty folder, left by an update, does not count.
fn has_target(cx: &Cx, rustc: &str, toolchain: Option<&str>) -> bool {
    let mut command = cx.cmd(rustc).args(["--print", "target-libdir", "--target", WASM_TARGET]);
    if let Some(name) = toolchain {
        command = command.env("RUSTUP_TOOLCHAIN", name);
    }
    let Ok(libdir) = command.output_text() else { return false };
    debian_std::holds_core(Path::new(libdir.trim()))
}

fn reason(outcome: Result<()>) -> String {
    outcome.err().map_or_else(|| "it reported success, yet the target is missing".to_owned(), |error| error.to_string())
}

fn advice() -> String {
    format!(
        "No Rust toolchain here can compile for {WASM_TARGET}. Type this, then try again:\n    \
         rustup target add {WASM_TARGET}\n\
         or, on Debian:\n    \
         sudo apt-get update && sudo apt-get install -y --no-install-recommends {}",
        debian_std::PACKAGES.join(" ")
    )
}
