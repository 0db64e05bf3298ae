//! `serve --check`: says whether the configuration is good.
//!
//! *Invariant:* looks, and changes nothing; what a running server holds is no error. Values are not shown, as an address may
//! contain a password.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    net::{SocketAddr, TcpListener},
};

use envelock_keyserver::{config::Serve, server};

use super::{Failure, parts, place};

/// Looks at everything that `serve` would use, and lists from where each option comes.
pub(crate) async fn run(options: &Serve, origins: &BTreeMap<String, String>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for (option, origin) in origins.iter().filter(|(_, origin)| *origin != "default") {
        writeln!(out, "{option}: {origin}")?;
    }
    let addresses = [("--listen", Some(options.listen)), ("--listen-private", options.listen_private)];
    for (option, address) in addresses {
        if let Some(address) = address {
            parts::require_tls(option, address, options)?;
            if let Some(remark) = bindable(option, address)? {
                writeln!(out, "{remark}")?;
            }
        }
    }
    if let Some(address) = options.watch.metrics_listen
        && let Some(remark) = bindable("--metrics-listen", address)?
    {
        writeln!(out, "{remark}")?;
    }
    parts::tls(options)?;
    server::check(&parts::kept(options, place(&options.data)?, None)?)?;
    writeln!(out, "the configuration is good")?;
    Ok(())
}

fn bindable(option: &str, address: SocketAddr) -> Result<Option<String>, Failure> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Ok(Some(format!("{option} {address} is in use, perhaps by the server that runs")))
        }
        Err(error) => Err(format!("{option}: cannot listen on {address}: {error}").into()),
    }
}
