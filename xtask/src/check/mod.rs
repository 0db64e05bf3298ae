//! Runs every check in order and says in one table what came of it.
//!
//! *Invariant:* a step that cannot run has failed; nothing is skipped.

mod steps;

use crate::run::Cx;
use anyhow::{Result, bail};
use std::{
    fs,
    io::{IsTerminal, Write},
    path::Path,
    time::{Duration, Instant},
};
use steps::{SETUP, STEPS, Step};

/// Where the runners of the package's suite leave their table of what ran where.
const RUNTIMES: &str = "target/runtimes";

/// What became of a step, and how long it took.
struct Outcome {
    name: &'static str,
    passed: bool,
    took: Duration,
}

/// Prints the names of the steps with what each one does.
pub(crate) fn list() {
    for step in &STEPS {
        println!("{:<18} {}", step.name, step.about);
    }
}

/// Runs all steps, or those named and what they need.
pub(crate) fn run(cx: &Cx, only: &[String]) -> Result<()> {
    if let Some(unknown) = only.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        bail!("there is no step `{unknown}`; `cargo xtask test --list` names them");
    }
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|step| only.is_empty() || only.iter().any(|n| n == step.name)).collect();
    let logs = cx.project.path("target/xtask/log");
    fs::create_dir_all(&logs)?;
    // What an earlier run found out is not shown as found out by this one.
    let runtimes = cx.project.path(RUNTIMES);
    let _ = fs::remove_dir_all(&runtimes);
    let mut outcomes = Vec::new();
    for (index, step) in chosen.iter().enumerate() {
        print!("[{:>2}/{}] {:<18} {} … ", index + 1, chosen.len(), step.name, step.about);
        std::io::stdout().flush()?;
        outcomes.push(run_step(cx, step, &logs.join(format!("{}.log", step.name)))?);
    }
    if let Ok(table) = fs::read_to_string(runtimes.join("matrix.txt")) {
        println!("\n{}", table.trim_end());
    }
    summary(&outcomes)
}

fn run_step(cx: &Cx, step: &Step, log: &Path) -> Result<Outcome> {
    let started = Instant::now();
    let result = if step.name == SETUP {
        // It may take minutes and says what it does and why; nobody should wait for that in front of a silent terminal.
        println!();
        (step.run)(cx)
    } else {
        (step.run)(&cx.logging_to(log)?)
    };
    let took = started.elapsed();
    println!("{} ({})", verdict(result.is_ok()), seconds(took));
    if let Err(error) = &result {
        let output = if step.name == SETUP { Vec::new() } else { fs::read(log)? };
        println!("──── {} ────\n{}", step.name, String::from_utf8_lossy(&output).trim_end());
        println!("{error:#}\n──── end of {} ────", step.name);
    }
    Ok(Outcome { name: step.name, passed: result.is_ok(), took })
}

fn summary(outcomes: &[Outcome]) -> Result<()> {
    println!("\n{:<18} {:<7} {:>12}", "step", "result", "duration");
    println!("{}", "─".repeat(39));
    for outcome in outcomes {
        println!("{:<18} {:<7} {:>12}", outcome.name, plain(outcome.passed), seconds(outcome.took));
    }
    println!("{}", "─".repeat(39));
    let total: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    println!("{:<18} {:<7} {:>12}\n", "all", "", seconds(total));
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    println!("{} passed, {failed} failed", outcomes.len() - failed);
    // The line above is the message; nothing is to be added to it.
    if failed > 0 {
        std::process::exit(1)
    }
    Ok(())
}

fn plain(passed: bool) -> &'static str {
    if passed { "ok" } else { "FAILED" }
}

fn verdict(passed: bool) -> String {
    if !std::io::stdout().is_terminal() {
        return plain(passed).to_owned();
    }
    format!("\x1b[{}m{}\x1b[0m", if passed { 32 } else { 31 }, plain(passed))
}

fn seconds(took: Duration) -> String {
    if took.as_secs() < 60 {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{} min {:02} s", took.as_secs() / 60, took.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(1250)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(61)), "1 min 01 s");
    }

    #[test]
    fn every_step_has_its_own_name() {
        for (index, step) in STEPS.iter().enumerate() {
            assert!(STEPS[index + 1..].iter().all(|other| other.name != step.name), "{} twice", step.name);
        }
    }
}
