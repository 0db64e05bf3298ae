//! Builds everything and runs the key server with its console until Ctrl-C.
//!
//! *Invariant:* one port, on the loopback interface, and nothing left running.

use crate::{
    console, pack,
    run::Cx,
    server::{self, Ready, Server},
    setup,
};
use anyhow::{Context, Result, bail};
use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::path::{Path, PathBuf};

/// What the user chose.
pub(crate) struct Options {
    pub(crate) data: Option<PathBuf>,
    pub(crate) port: u16,
    pub(crate) seed: bool,
}

/// Sets up, builds, starts, waits, stops.
pub(crate) fn run(cx: &Cx, options: &Options) -> Result<()> {
    build(cx)?;
    let data = match &options.data {
        Some(dir) => std::path::absolute(dir)?,
        None => cx.project.path("demo-data"),
    };
    // From here on a signal must not end this program before the server has ended.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGCHLD])?;
    let mut server = Server::start(cx, &data, options.port)?;
    welcome(cx, &server, &data);
    if options.seed {
        seed(cx, &server.ready, &data)?;
    }
    cx.say("\nCtrl-C stops it; started again it has kept everything.");
    for signal in signals.forever() {
        if signal != SIGCHLD {
            cx.say("\nStopping the key server.");
            let status = server.stop()?;
            if !status.success() {
                bail!("the key server did not stop cleanly ({status})");
            }
            cx.say(format!("Stopped. Everything is kept in {}.", data.display()));
            return Ok(());
        }
        if let Some(status) = server.ended()? {
            bail!("the key server ended by itself ({status}); its log is {}", server.log().display());
        }
    }
    Ok(())
}

/// All that is shipped: module, package, console, server.
pub(crate) fn build(cx: &Cx) -> Result<()> {
    let toolchain = setup::build(cx)?;
    pack::build(cx, &toolchain)?;
    console::build(cx)?;
    server::build(cx)
}

fn welcome(cx: &Cx, server: &Server, data: &Path) {
    let ready = &server.ready;
    cx.say(format!(
        "\nEnvelock is running.\n\n  \
         Console   {}\n  Sign in   {}\n            (this link works once)\n\n  \
         Account   {}\n  Instance  {} in {}\n  Data      {}\n  Log       {}",
        ready.url,
        ready.sign_in_url,
        ready.account,
        ready.instance,
        ready.region,
        data.display(),
        server.log().display()
    ));
    if let Some(api_key) = &ready.api_key {
        cx.say(format!("\n  API key   {api_key}\n            (the administrator's; shown this once, so keep it)"));
    }
    cx.say(format!(
        "\nAnother sign-in link:\n  {} sign-in-link --data {} --url {}",
        cx.project.keyserver().display(),
        data.display(),
        ready.url
    ));
}

/// Fills the instance with an example. The script says what it made, or why it could not.
fn seed(cx: &Cx, ready: &Ready, data: &Path) -> Result<()> {
    cx.say("");
    let mut script = cx
        .cmd("node")
        .arg(cx.project.path("xtask/seed.mjs"))
        .env("ENVELOCK_URL", &ready.url)
        .env("ENVELOCK_INSTANCE", &ready.instance)
        .env("ENVELOCK_ACCOUNT", &ready.account)
        .env("ENVELOCK_PACKAGE", cx.project.package())
        .env("ENVELOCK_EXAMPLE", data.join("example"));
    if let Some(api_key) = &ready.api_key {
        script = script.env("ENVELOCK_API_KEY", api_key);
    }
    script.run().context("the example could not be made")
}
