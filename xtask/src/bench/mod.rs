//! Benchmarks: each prints our figure, the peer's, and the ratio between them from the same run.
//!
//! *Invariant:* a benchmark is a separate command and no check; nothing here decides whether a build is good.

mod client;
mod server;
mod service;

use crate::run::Cx;
use anyhow::{Context, Result, ensure};

/// What the user asked for besides the name.
pub(crate) struct Options {
    /// Only these groups of `client` or `server`.
    pub(crate) only: Vec<String>,
    /// Only in these places.
    pub(crate) places: Vec<String>,
    /// As little as shows that everything runs.
    pub(crate) quick: bool,
    /// `server` with a million keys.
    pub(crate) full: bool,
}

/// One benchmark.
struct Bench {
    name: &'static str,
    run: fn(&Cx, &Options) -> Result<()>,
}

const BENCHES: [Bench; 6] = [
    Bench { name: "client", run: |cx, options| client::run(cx, &client::FIGURES, options) },
    Bench { name: "crossover", run: |cx, options| client::run(cx, &["crossover"], options) },
    Bench { name: "frames", run: |cx, options| client::run(cx, &["frames"], options) },
    Bench { name: "size", run: |cx, options| client::run(cx, &["size"], options) },
    Bench { name: "service", run: service::run },
    Bench { name: "server", run: server::run },
];

/// The names and options, for the help text.
pub(crate) const HELP: &str = "
  client       figures of the npm package beside its peers, in Node and Chromium
  crossover    the size from which the WebCrypto engine is faster than the wasm engine
  frames       the frame length that the WebCrypto engine is fastest with
  size         what a page loads, beside the peers
  service      wrap and unwrap against the release key server, beside IBM's SDK
  server       how much the release key server does, beside a server that only encrypts

  --only NAME  of `client`, only this group: size, bulk, small, workers, file, memory or first; may be repeated
               of `server`: cached, first, commits or growth
  --in PLACE   only here: Node, Chromium, or for `crossover` also Deno, Bun and workerd; may be repeated
  --quick      one round of small sizes: shows that everything runs, and no figure worth keeping
  --full       of `server`, a million keys instead of a hundred thousand, which takes minutes to fill";

/// Runs one of them.
pub(crate) fn run(cx: &Cx, name: &str, options: &Options) -> Result<()> {
    let bench = BENCHES.iter().find(|bench| bench.name == name);
    let bench = bench.with_context(|| format!("there is no benchmark `{name}`; see cargo xtask bench --help"))?;
    ensure!(
        options.only.is_empty() || ["client", "server"].contains(&name),
        "--only names a group of `client` or `server`"
    );
    (bench.run)(cx, options)
}

/// The groups that the user named, or else all, in the order of the report.
fn chosen<'a>(groups: &[&'a str], only: &[String]) -> Result<Vec<&'a str>> {
    for name in only {
        ensure!(groups.contains(&name.as_str()), "there is no group `{name}`; there are {}", groups.join(", "));
    }
    Ok(groups.iter().copied().filter(|group| only.is_empty() || only.iter().any(|name| name == group)).collect())
}
