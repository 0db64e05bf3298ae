//! Builds, tests and runs Envelock: `cargo xtask <command>`.
//!
//! *Invariant:* the table of commands and nothing else; work is done in the modules it names.

mod apt;
mod debian_std;
mod pack;
mod project;
mod run;
mod stamp;
mod toolchain;
mod tools;
mod wasm;

use run::Cx;

fn main() -> anyhow::Result<()> {
    let cx = Cx::new(project::Project::find()?);
    let wasm = toolchain::WasmToolchain::ensure(&cx)?;
    println!("{}", wasm.describe());
    println!("{}", pack::build(&cx, &wasm)?.display());
    Ok(())
}
