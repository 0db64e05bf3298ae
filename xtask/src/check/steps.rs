//! The checks, in the order in which they run: what is quick and fails often comes first.
//!
//! *Invariant:* each step brings up to date what it needs, so that it can also run alone.

use crate::{
    browsers, conformance, console, faults, layers, matrix, pack, packaging,
    postgres::{self, Postgres},
    project::WASM_TARGET,
    run::{Cmd, Cx},
    server, setup, size,
    toolchain::WasmToolchain,
    tools,
    wasm::MODULE,
};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// One check.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) run: fn(&Cx) -> Result<()>,
}

/// The step that prepares the others.
pub(super) const SETUP: &str = "setup";

/// All of them.
pub(super) const STEPS: [Step; 24] = [
    Step { name: SETUP, about: "toolchain, browser, npm packages", run: setup::all },
    Step { name: "fmt", about: "rustfmt", run: fmt },
    Step { name: "layers", about: "import direction, file length, module docs", run: layers::check },
    Step { name: "clippy", about: "clippy on the host, warnings are errors", run: clippy },
    Step { name: "clippy-wasm", about: "clippy of the client crate for wasm32", run: clippy_wasm },
    Step { name: "xtask", about: "tests of these commands", run: xtask },
    Step { name: "host", about: "client crate on the host, with doc tests", run: host },
    Step { name: "docs", about: "rustdoc, warnings are errors", run: docs },
    Step { name: "wasm-node", about: "client crate as wasm in Node", run: wasm_node },
    Step { name: "wasm-chromium", about: "client crate as wasm in headless Chromium", run: wasm_chromium },
    Step { name: "package", about: "wasm module and npm package", run: package },
    Step { name: "console", about: "console build", run: console_build },
    Step { name: "types", about: "TypeScript, strict: package, its users, console", run: types },
    Step { name: "package-checks", about: "publint and are-the-types-wrong on the tarball", run: package_checks },
    Step { name: "size", about: "size of what a browser loads, within budget", run: size_step },
    Step { name: "server", about: "release key server", run: server_build },
    Step { name: "keyserver", about: "key server's own tests", run: keyserver },
    Step { name: "keyserver-postgres", about: "key server on PostgreSQL, and two of them", run: keyserver_postgres },
    Step { name: "conformance", about: "key server driven by IBM's SDKs", run: conformance_step },
    Step { name: "runtimes", about: "npm package in Node, Deno, Bun and edge runtimes", run: runtimes },
    Step { name: "browsers", about: "npm package in three browser engines, bundled and not", run: browsers_step },
    Step {
        name: "key-server",
        about: "npm package and its documentation against the release key server",
        run: key_server,
    },
    Step { name: "interop", about: "messages exchanged with the AWS Encryption SDKs", run: interop },
    Step { name: "e2e", about: "the whole story in a browser", run: e2e },
];

fn fmt(cx: &Cx) -> Result<()> {
    cx.cargo().args(["fmt", "--all", "--check"]).run()
}

fn clippy(cx: &Cx) -> Result<()> {
    cx.cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()
}

fn clippy_wasm(cx: &Cx) -> Result<()> {
    let toolchain = WasmToolchain::ensure(cx)?;
    // Not in one call: what tests need would give the module a standard library.
    for what in [&["--package", "envelock", "--lib", "--tests"][..], &["--package", MODULE, "--lib"]] {
        let clippy = toolchain.cargo(cx).args(["clippy", "--target", WASM_TARGET]).args(what);
        clippy.args(["--", "-D", "warnings"]).run()?;
    }
    Ok(())
}

fn xtask(cx: &Cx) -> Result<()> {
    cx.cargo().args(["test", "--package", "xtask"]).run()
}

fn host(cx: &Cx) -> Result<()> {
    cx.cargo().args(["test", "--package", "envelock"]).run()
}

fn docs(cx: &Cx) -> Result<()> {
    cx.cargo().env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--workspace", "--no-deps"]).run()
}

fn wasm_tests(cx: &Cx) -> Result<Cmd<'_>> {
    tools::wasm_bindgen(cx)?;
    let cargo = WasmToolchain::ensure(cx)?.cargo(cx).path_first(&cx.project.tools_bin())?;
    Ok(cargo.args(["test", "--target", WASM_TARGET, "--package", "envelock", "--tests"]))
}

fn wasm_node(cx: &Cx) -> Result<()> {
    wasm_tests(cx)?.run()
}

fn wasm_chromium(cx: &Cx) -> Result<()> {
    browsers::ensure_chromium(cx)?;
    wasm_tests(cx)?.env("WASM_BINDGEN_USE_BROWSER", "1").env("CHROMEDRIVER", browsers::CHROMEDRIVER).run()
}

fn package(cx: &Cx) -> Result<()> {
    packed(cx).map(drop)
}

fn packed(cx: &Cx) -> Result<PathBuf> {
    pack::build(cx, &WasmToolchain::ensure(cx)?)
}

fn console_build(cx: &Cx) -> Result<()> {
    packed(cx)?;
    console::build(cx)
}

fn types(cx: &Cx) -> Result<()> {
    packed(cx)?;
    tools::npm_ci(cx, "tests")?;
    for project in ["pkg-config/tsconfig.json", "tests/types/web.json", "tests/types/node.json"] {
        cx.cmd(tools::package_tool(cx, "tsc")).args(["--noEmit", "--project", project]).run()?;
    }
    console::check(cx)
}

fn package_checks(cx: &Cx) -> Result<()> {
    let tarball = packed(cx)?;
    cx.cmd(tools::package_tool(cx, "publint")).arg("run").arg(&tarball).arg("--strict").run()?;
    // The wasm file is an entry of the package so that bundlers find it; it has no types to check.
    let attw =
        cx.cmd(tools::package_tool(cx, "attw")).arg(&tarball).args(["--profile", "esm-only", "--format", "table"]);
    attw.args(["--exclude-entrypoints", "./envelock_bg.wasm"]).run()
}

fn size_step(cx: &Cx) -> Result<()> {
    packed(cx)?;
    size::check(cx)
}

fn server_build(cx: &Cx) -> Result<()> {
    console_build(cx)?;
    server::build(cx)
}

/// The integration test that needs other people's clients; all other targets run without them.
const CONFORMANCE: &str = "conformance";
/// The integration tests that need PostgreSQL.
const ON_POSTGRES: [&str; 2] = ["postgres", "replicas"];
/// The tests that run on either database.
const API: &str = "api";

fn keyserver(cx: &Cx) -> Result<()> {
    setup::programs(cx)?;
    let mut test = cx.cargo().args(["test", "--package", "envelock-keyserver", "--lib", "--bins"]);
    for name in rust_tests(&cx.project.path("keyserver/tests"))? {
        if name != CONFORMANCE && !ON_POSTGRES.contains(&&*name) {
            test = test.args(["--test", &name]);
        }
    }
    test.run()
}

fn keyserver_postgres(cx: &Cx) -> Result<()> {
    setup::programs(cx)?;
    let server = Postgres::start(cx)?;
    let test = |names: &[&str], more: &[&str]| {
        let test = cx.cargo().env("ENVELOCK_TEST_POSTGRES", server.url());
        let test = test.env("ENVELOCK_TEST_POSTGRES_PROGRAMS", postgres::programs()?);
        let test = test.args(["test", "--package", "envelock-keyserver"]);
        names.iter().fold(test, |test, name| test.args(["--test", name])).arg("--").args(more).run()
    };
    // Damages rows in SQLite's own words; what finds them reads both databases by the same statements.
    test(&[API], &["--skip", "fsck::each_kind_of_damage_is_found_and_named"])?;
    test(&ON_POSTGRES, &[])?;
    test(&["faults"], &[faults::OF_THE_DATABASE])
}

fn conformance_step(cx: &Cx) -> Result<()> {
    let trees = conformance::prepare(cx)?;
    matrix::forget(cx);
    let test = cx.cargo().args(["test", "--package", "envelock-keyserver", "--test", CONFORMANCE]);
    test.env("ENVELOCK_CONFORMANCE", trees).run()?;
    matrix::check(cx)
}

/// The suite of the package, wherever no browser is needed.
fn runtimes(cx: &Cx) -> Result<()> {
    packed(cx)?;
    packaging::prepare(cx)?;
    node_tests(cx, "tests/runtimes", 2, |file| !file.ends_with(BROWSERS) && !needs_key_server(file))?.run()
}

/// The part of the suite's runners that starts browsers.
const BROWSERS: &str = "run-browsers.test.mjs";
/// What starts the key server, as the parts that need one import it.
const KEY_SERVER: &str = "/e2e/support/server.mjs\"";

fn needs_key_server(file: &Path) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text.contains(KEY_SERVER))
}

fn browsers_step(cx: &Cx) -> Result<()> {
    packed(cx)?;
    packaging::prepare(cx)?;
    browsers::ensure(cx)?;
    node_tests(cx, "tests/runtimes", 1, |file| file.ends_with(BROWSERS))?.run()
}

fn key_server(cx: &Cx) -> Result<()> {
    server_build(cx)?;
    node_tests(cx, "tests/runtimes", 1, needs_key_server)?.run()
}

fn interop(cx: &Cx) -> Result<()> {
    server_build(cx)?;
    let trees = conformance::prepare(cx)?;
    node_tests(cx, "tests/interop", 1, |_| true)?.env("ENVELOCK_CONFORMANCE", trees).run()
}

fn e2e(cx: &Cx) -> Result<()> {
    server_build(cx)?;
    node_tests(cx, "tests/e2e", 1, |_| true)?.run()
}

/// Node's test runner over the chosen files of a folder, so many at once, with the packages, browsers and server that tests use.
fn node_tests<'a>(cx: &'a Cx, folder: &str, at_once: u8, chosen: fn(&Path) -> bool) -> Result<Cmd<'a>> {
    browsers::ensure_chromium(cx)?;
    tools::npm_ci(cx, "tests")?;
    let mut files = files_ending(&cx.project.path(folder), ".test.mjs")?;
    files.retain(|file| chosen(file));
    ensure!(!files.is_empty(), "{folder}/ has no such *.test.mjs");
    let command = cx
        .cmd("node")
        .args(["--test", "--test-timeout=600000", "--test-reporter=spec"])
        .arg(format!("--test-concurrency={at_once}"))
        .args(&files);
    let command = command.env("ENVELOCK_CHROMIUM", browsers::CHROMIUM).env("ENVELOCK_FIREFOX", browsers::FIREFOX);
    Ok(command.env("ENVELOCK_WEBKIT", browsers::webkit()).env("ENVELOCK_KEYSERVER", cx.project.keyserver()))
}

fn rust_tests(folder: &Path) -> Result<Vec<String>> {
    let files = files_ending(folder, ".rs")?;
    Ok(files.iter().filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned())).collect())
}

fn files_ending(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} does not exist", folder.display()))?;
    let mut files: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.retain(|file| file.is_file() && file.to_string_lossy().ends_with(ending));
    files.sort();
    Ok(files)
}
