//! Translates the compiled module to JavaScript, for runtimes that refuse WebAssembly.
//!
//! *Invariant:* it is the same compiled module; only the steps after the compiler differ.

use crate::{
    project::version_of,
    run::Cx,
    stamp::{Inputs, when_changed},
    toolchain::WasmToolchain,
    tools, wasm,
};
use anyhow::{Context, Result, ensure};
use std::{fs, path::Path};

/// Features that the translator has no words for. The generator of the glue makes other glue, which needs none of
/// them, for a module that does not declare them.
const UNDECLARED: [&str; 2] = ["reference-types", "multivalue"];

/// Passes that express newer instructions by older ones.
const LOWER: [&str; 3] =
    ["--signext-lowering", "--llvm-memory-copy-fill-lowering", "--llvm-nontrapping-fptoint-lowering"];

/// How many values the glue always has in its heap. The generator answers this question itself in modules that
/// declare reference types, and forgets it in the others.
const STATICS: (&str, &str) =
    ("imports.__wbindgen_externref_xform__", "{ __wbindgen_externref_statics_end: function () { return 1028; } }");
/// The glue's own statement of that number.
const HEAP: &str = "let heap = new Array(1024).fill(undefined);\nheap.push(undefined, null, true, false);";

/// A memory that grows detaches its old buffer, and the glue relies on that to notice. It is wiped before, as secrets
/// that are wiped later would stay in it.
const GROWTH: (&str, &str) = (
    "buffer = newBuffer;",
    "new Uint8Array(buffer).fill(0); structuredClone(buffer, { transfer: [buffer] }); buffer = newBuffer;",
);

const TYPES: &str = "/** Starts a new copy of the module, translated to JavaScript. */\n\
                     export function instantiate(imports: WebAssembly.Imports): WebAssembly.Exports;\n";

/// Brings the translation and its glue up to date in `wasm/` of the npm package. The module has to be compiled before.
pub(crate) fn build(cx: &Cx) -> Result<()> {
    let compiled = wasm::compiled(&WasmToolchain::output(&cx.project, "wasm"));
    let out = wasm::output(&cx.project);
    let (script, glue) = (out.join("translated.js"), out.join("translated_bg.js"));
    let inputs = Inputs::new(cx)
        .file(&compiled)?
        .file(&out.join("envelock_bg.d.ts"))?
        .tree("pkg-config/package-lock.json", &[])?
        .tree("xtask/src/translate.rs", &[])?
        .tree("xtask/src/shorten.rs", &[])?
        .text(&version_of(cx, "wasm-bindgen")?);
    when_changed(cx, "translate", inputs, &[&script, &glue], || {
        cx.say("Translating the module to JavaScript.");
        let work = cx.project.path("target/xtask/translate");
        let _ = fs::remove_dir_all(&work);
        fs::create_dir_all(&work)?;
        let plain = work.join("plain.wasm");
        fs::write(&plain, undeclare(fs::read(&compiled)?)?)?;
        wasm::make_glue(cx, &plain, &work)?;
        translate(cx, &work)?;
        let made = fs::read_to_string(work.join("envelock_bg.js"))?;
        ensure!(made.contains(HEAP), "the glue keeps other values in its heap than before: adjust STATICS");
        fs::write(&glue, made)?;
        fs::copy(out.join("envelock_bg.d.ts"), out.join("translated_bg.d.ts"))?;
        fs::write(out.join("translated.d.ts"), TYPES)?;
        minify(cx, &work.join("module.js"), &script)
    })?;
    Ok(())
}

/// Takes features off the list that the compiler left in the module: the sign before a name says whether it is used.
fn undeclare(mut module: Vec<u8>) -> Result<Vec<u8>> {
    const SECTION: &[u8] = b"target_features";
    let found = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).rposition(|window| window == what);
    let section = found(&module, SECTION).context("the module does not list its features: was it stripped?")?;
    for name in UNDECLARED {
        let length = u8::try_from(name.len())?;
        let entry = [&[b'+', length], name.as_bytes()].concat();
        if let Some(at) = found(&module[section..], &entry) {
            module[section + at] = b'-';
        }
    }
    Ok(module)
}

fn translate(cx: &Cx, work: &Path) -> Result<()> {
    let (module, lowered, raw) = (work.join("envelock_bg.wasm"), work.join("lowered.wasm"), work.join("translated.js"));
    // The feature is allowed again, as the encoding of calls that the compiler chose belongs to it.
    let lower = cx.cmd(tools::package_tool(cx, "wasm-opt")).arg("--enable-reference-types").args(LOWER);
    lower.arg(&module).arg("-o").arg(&lowered).run()?;
    let to_js = cx.cmd(tools::package_tool(cx, "wasm2js")).args(["-Oz", "--emscripten"]);
    to_js.arg(&lowered).arg("-o").arg(&raw).run()?;
    let mut text = fs::read_to_string(&raw)?;
    for (from, to) in [STATICS, GROWTH] {
        ensure!(text.matches(from).count() == 1, "the translated module has not one `{from}`");
        text = text.replace(from, to);
    }
    text.push_str("export { instantiate };\n");
    fs::write(work.join("module.js"), text).context("cannot write the translated module")
}

fn minify(cx: &Cx, from: &Path, to: &Path) -> Result<()> {
    let esbuild = cx.cmd(tools::package_tool(cx, "esbuild")).args(["--minify", "--log-level=error"]);
    esbuild.arg(from).arg(format!("--outfile={}", to.display())).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_signs_of_listed_features_change() {
        let module = b"\0asm +\x0freference-types target_features\x02+\x0freference-types+\x08sign-ext".to_vec();
        let expected = b"\0asm +\x0freference-types target_features\x02-\x0freference-types+\x08sign-ext".to_vec();
        assert_eq!(undeclare(module).expect("listed"), expected);
        assert!(undeclare(b"\0asm".to_vec()).is_err());
    }
}
