//! Builds, tests and runs Envelock: `cargo xtask <command>`.
//!
//! *Invariant:* the table of commands and their arguments, nothing else; work is done in the modules it names.

mod apt;
mod bench;
mod browsers;
mod check;
mod conformance;
mod console;
mod debian_std;
mod demo;
mod facade;
mod faults;
mod forms;
mod fuzz;
mod layers;
mod matrix;
mod pack;
mod packaging;
mod postgres;
mod project;
mod reproduce;
mod run;
mod sbom;
mod server;
mod setup;
mod shorten;
mod size;
mod stamp;
mod toolchain;
mod tools;
mod translate;
mod wasm;

use anyhow::{Context, Result, ensure};
use pico_args::Arguments;
use project::Project;
use run::Cx;
use std::process::ExitCode;

/// One command: its name, what it does, what it takes, and the function that does it.
struct Command {
    name: &'static str,
    about: &'static str,
    options: &'static str,
    run: fn(&Cx, Arguments) -> Result<()>,
}

const COMMANDS: [Command; 11] = [
    Command { name: "demo", about: "set up, build, and run the key server with its console", options: DEMO, run: demo },
    Command { name: "test", about: "set up and run every check; what CI runs", options: TEST, run: test },
    Command { name: "setup", about: "install what builds and tests need", options: "", run: setup },
    Command { name: "build", about: "build the npm package, the console and the key server", options: "", run: build },
    Command { name: "layers", about: "check import direction, file lengths and module docs", options: "", run: layers },
    Command { name: "size", about: "measure what a browser loads, against its budget", options: "", run: size },
    Command { name: "reproduce", about: "build the module again, elsewhere, and compare", options: "", run: reproduce },
    Command { name: "fuzz", about: "feed the crate with changed and random input", options: FUZZ, run: fuzz },
    Command { name: "faults", about: "kill the key server many times, and worse", options: FAULTS, run: faults },
    Command { name: "bench", about: "measure, beside peers", options: bench::HELP, run: bench },
    Command {
        name: "clean",
        about: "remove all that was built and installed in this checkout",
        options: CLEAN,
        run: clean,
    },
];

const DEMO: &str = "
  --data DIR   where the key server keeps everything (demo-data)
  --port N     port on the loopback interface (a free one)
  --seed       make an example service with a grant on an example root key, and a sealed file in DIR/example.
               The administrator's API key is known at the first start of a data directory only; later, pass it:
               ENVELOCK_API_KEY=... cargo xtask demo --seed. Seeding twice changes nothing.";
const TEST: &str = "
  --only NAME  run this step and what it needs; may be repeated
  --list       name the steps";
const FUZZ: &str = "
  --seconds N  how long each target runs (60)
  --only NAME  run this target; may be repeated: header, open, range, key_protect";
const FAULTS: &str = "
  --kills N    how often it is killed under load on SQLite (200), and a quarter of that on PostgreSQL; the tests do it 10
               times on each";
const CLEAN: &str = "
  --data       remove the data directory of the demo, with all keys in it, too";

fn main() -> ExitCode {
    match dispatch(Arguments::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut args: Arguments) -> Result<()> {
    let name = args.subcommand()?;
    let command = COMMANDS.iter().find(|command| Some(command.name) == name.as_deref());
    match (command, args.contains(["-h", "--help"]) || name.is_none()) {
        (Some(command), false) => (command.run)(&Cx::new(Project::find()?), args),
        (Some(command), true) => {
            println!("cargo xtask {}: {}{}", command.name, command.about, command.options);
            Ok(())
        }
        (None, help) => {
            println!("cargo xtask <command>\n");
            for Command { name, about, options, .. } in &COMMANDS {
                println!("{name:<9} {about}{}", if options.is_empty() { "" } else { " (has --help)" });
            }
            ensure!(help, "there is no command `{}`", name.unwrap_or_default());
            Ok(())
        }
    }
}

/// Refuses what nobody asked for: a mistyped option must not be ignored.
fn finish(args: Arguments) -> Result<()> {
    let rest = args.finish();
    ensure!(rest.is_empty(), "unknown argument {}; see --help", rest[0].display());
    Ok(())
}

fn demo(cx: &Cx, mut args: Arguments) -> Result<()> {
    let options = demo::Options {
        data: args.opt_value_from_os_str("--data", |dir| Ok::<_, std::convert::Infallible>(dir.into()))?,
        port: args.opt_value_from_str("--port").context("--port takes a number up to 65535")?.unwrap_or(0),
        seed: args.contains("--seed"),
    };
    finish(args)?;
    demo::run(cx, &options)
}

fn test(cx: &Cx, mut args: Arguments) -> Result<()> {
    let list = args.contains("--list");
    let only: Vec<String> = args.values_from_str("--only")?;
    finish(args)?;
    if list {
        check::list();
        return Ok(());
    }
    check::run(cx, &only)
}

fn setup(cx: &Cx, args: Arguments) -> Result<()> {
    finish(args)?;
    setup::all(cx)
}

fn build(cx: &Cx, args: Arguments) -> Result<()> {
    finish(args)?;
    demo::build(cx)
}

fn layers(cx: &Cx, args: Arguments) -> Result<()> {
    finish(args)?;
    layers::check(cx)
}

fn size(cx: &Cx, args: Arguments) -> Result<()> {
    finish(args)?;
    pack::build(cx, &setup::build(cx)?)?;
    size::check(cx)
}

fn reproduce(cx: &Cx, args: Arguments) -> Result<()> {
    finish(args)?;
    let toolchain = setup::build(cx)?;
    pack::build(cx, &toolchain)?;
    reproduce::check(cx, &toolchain)
}

fn fuzz(cx: &Cx, mut args: Arguments) -> Result<()> {
    let seconds = args.opt_value_from_str("--seconds").context("--seconds takes a number")?.unwrap_or(60);
    let only: Vec<String> = args.values_from_str("--only")?;
    finish(args)?;
    fuzz::run(cx, seconds, &only)
}

fn faults(cx: &Cx, mut args: Arguments) -> Result<()> {
    let kills = args.opt_value_from_str("--kills").context("--kills takes a number")?.unwrap_or(200);
    finish(args)?;
    faults::run(cx, kills)
}

fn bench(cx: &Cx, mut args: Arguments) -> Result<()> {
    let name = args.subcommand()?.context("say what to measure; see cargo xtask bench --help")?;
    let options = bench::Options {
        only: args.values_from_str("--only")?,
        places: args.values_from_str("--in")?,
        quick: args.contains("--quick"),
        full: args.contains("--full"),
    };
    finish(args)?;
    bench::run(cx, &name, &options)
}

fn clean(cx: &Cx, mut args: Arguments) -> Result<()> {
    let data = args.contains("--data");
    finish(args)?;
    let mut folders = vec!["target", "pkg-config/node_modules", "www/node_modules", "www/dist", "tests/node_modules"];
    folders.extend(data.then_some("demo-data"));
    for folder in folders {
        let path = cx.project.path(folder);
        if path.exists() {
            std::fs::remove_dir_all(&path).with_context(|| format!("cannot remove {folder}"))?;
            cx.say(format!("Removed {folder}/."));
        }
    }
    Ok(())
}
