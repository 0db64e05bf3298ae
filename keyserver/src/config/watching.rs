//! Options of how the server is watched.
//!
//! *Invariant:* what is not named here is not told to anybody. How spans are sampled, queued and labelled for the collector is
//! left to the variables that OpenTelemetry has for it (`OTEL_…`), which its SDK reads itself.

use std::net::SocketAddr;

use clap::Args;

/// Where the server tells how it is.
#[derive(Debug, Clone, Args)]
pub struct WatchOptions {
    /// Address of its own for Prometheus' `/metrics`, and for `/health` and `/ready`, in plain HTTP. There is no secret in them,
    /// and nobody is asked for a token: let only the network of the monitors reach it.
    #[arg(long, value_name = "ADDR", env = "ENVELOCK_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// Collector of traces (OpenTelemetry over HTTP), such as http://127.0.0.1:4318. The path is `/v1/traces` unless another
    /// one is named.
    #[arg(long, value_name = "URL", env = "ENVELOCK_OTLP_ENDPOINT", value_parser = parse_endpoint)]
    pub otlp_endpoint: Option<String>,
}

/// Options of `probe`.
#[derive(Debug, Clone, Args)]
pub struct Probe {
    /// File with options, as for `serve`.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_CONFIG")]
    pub config: Option<std::path::PathBuf>,
    /// Where the server answers monitors.
    #[arg(long, value_name = "ADDR", env = "ENVELOCK_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
}

fn parse_endpoint(text: &str) -> Result<String, String> {
    let Some(rest) = text.strip_prefix("http://") else {
        let why = "an address that begins with http:// is taken; collectors elsewhere are reached through one beside the server";
        return Err(why.to_owned());
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.is_empty() || text.contains(['@', '?', '#', ' ']) {
        return Err("http://host:port is taken, with or without a path".to_owned());
    }
    let path = if path.is_empty() { "v1/traces" } else { path };
    Ok(format!("http://{authority}/{path}"))
}
