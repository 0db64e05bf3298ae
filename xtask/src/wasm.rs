//! Compiles the module that ships, makes its JavaScript glue, and optimises it.
//!
//! *Invariant:* the glue is taken as generated, but for the names of what the module imports; any other change to it
//! belongs into the generator's input.

use crate::{
    project::{Project, WASM_TARGET},
    reproduce,
    run::{Cmd, Cx},
    shorten,
    stamp::{Inputs, when_changed},
    toolchain::WasmToolchain,
    tools,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Declares what every generated module has and the generator leaves out of the types.
const SET_WASM: &str = "\n/** Hands over the exports of the instantiated module; nothing works before. */\n\
                        export function __wbg_set_wasm(exports: object): void;\n";

/// The crate that is the module.
pub(crate) const MODULE: &str = "envelock-module";

/// Where the finished module and its glue are.
pub(crate) fn output(project: &Project) -> PathBuf {
    project.package().join("wasm")
}

/// The module as the compiler leaves it in an output folder.
pub(crate) fn compiled(output: &Path) -> PathBuf {
    output.join("envelock_module.wasm")
}

/// Brings `wasm/` of the npm package up to date.
pub(crate) fn build(cx: &Cx, toolchain: &WasmToolchain) -> Result<()> {
    tools::npm_ci(cx, "pkg-config")?;
    compile(cx, toolchain)?.run()?;
    let compiled = compiled(&WasmToolchain::output(&cx.project, "wasm"));
    let out = output(&cx.project);
    let (module, glue, types) =
        (out.join("envelock_bg.wasm"), out.join("envelock_bg.js"), out.join("envelock_bg.d.ts"));
    let inputs = Inputs::new(cx)
        .file(&compiled)?
        .tree("pkg-config/package-lock.json", &[])?
        .tree("xtask/src/wasm.rs", &[])?
        .tree("xtask/src/shorten.rs", &[])?
        .text(&crate::project::version_of(cx, "wasm-bindgen")?);
    when_changed(cx, "wasm", inputs, &[&module, &glue, &types], || {
        cx.say("Making the JavaScript glue and optimising the module.");
        let raw = cx.project.path("target/xtask/glue");
        let _ = fs::remove_dir_all(&raw);
        make_glue(cx, &compiled, &raw)?;
        fs::create_dir_all(&out)?;
        optimise(cx, &raw.join("envelock_bg.wasm"), &module)?;
        fs::copy(raw.join("envelock_bg.js"), &glue)?;
        let declared = fs::read_to_string(raw.join("envelock.d.ts"))?;
        fs::write(&types, declared + SET_WASM).with_context(|| format!("cannot write {}", types.display()))
    })?;
    Ok(())
}

/// The call of the compiler.
pub(crate) fn compile<'a>(cx: &'a Cx, toolchain: &WasmToolchain) -> Result<Cmd<'a>> {
    let cargo = toolchain.cargo(cx).env(reproduce::FLAGS, reproduce::flags(cx)?);
    Ok(cargo.args(["build", "--quiet", "--profile", "wasm", "--target", WASM_TARGET, "--package", MODULE, "--lib"]))
}

/// Makes the glue of a compiled module, and the module that the glue belongs to, in a folder.
pub(crate) fn make_glue(cx: &Cx, compiled: &Path, out: &Path) -> Result<()> {
    let bindgen = cx.cmd(tools::wasm_bindgen(cx)?).args(["--target", "bundler", "--out-name", "envelock"]);
    bindgen.args(["--remove-name-section", "--out-dir"]).arg(out).arg(compiled).run()?;
    let (module, glue) = (out.join("envelock_bg.wasm"), out.join("envelock_bg.js"));
    let (shorter, renamed) = shorten::imports(&fs::read(&module)?, &fs::read_to_string(&glue)?)?;
    fs::write(&module, shorter).with_context(|| format!("cannot write {}", module.display()))?;
    fs::write(&glue, renamed).with_context(|| format!("cannot write {}", glue.display()))
}

/// Makes a module smaller, without changing what it does.
pub(crate) fn optimise(cx: &Cx, from: &Path, to: &Path) -> Result<()> {
    cx.cmd(tools::package_tool(cx, "wasm-opt")).arg("-Oz").arg(from).arg("-o").arg(to).run()
}
