//! Measures what a browser loads, and fails when it outgrows its budget.
//!
//! *Invariant:* the numbers come from the packed package, never from an intermediate file.

use crate::{run::Cx, tools};
use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What a row of the report may weigh, in bytes. Raised only together with a reason in the history.
struct Budget {
    name: &'static str,
    brotli: u64,
}

const BUDGETS: [Budget; 3] = [
    Budget { name: "wasm", brotli: 102_900 },
    Budget { name: "javascript", brotli: 7_100 },
    Budget { name: "all", brotli: 110_000 },
];

/// Prints the sizes; fails when one is over budget.
pub(crate) fn check(cx: &Cx) -> Result<()> {
    let report = cx
        .cmd("node")
        .arg(cx.project.path("xtask/size.mjs"))
        .arg(cx.project.package())
        .arg(tools::package_tool(cx, "esbuild"))
        .output_text()?;
    let report: Value = serde_json::from_str(&report).context("xtask/size.mjs did not print JSON")?;
    cx.say(format!("{:<12} {:>9} {:>9} {:>9} {:>9}", "", "raw", "gzip", "brotli", "budget"));
    let mut over = Vec::new();
    for Budget { name, brotli: budget } in BUDGETS {
        let size = |kind: &str| report[name][kind].as_u64().with_context(|| format!("the report has no {name}.{kind}"));
        let brotli = size("brotli")?;
        cx.say(format!("{name:<12} {:>9} {:>9} {brotli:>9} {budget:>9}", size("raw")?, size("gzip")?));
        if brotli > budget {
            over.push(format!("{name} has {brotli} bytes (brotli), {} more than its budget", brotli - budget));
        }
    }
    if !over.is_empty() {
        bail!("{}", over.join("; "));
    }
    Ok(())
}
