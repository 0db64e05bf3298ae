//! What a server says on stdout once it is ready.
//!
//! *Invariant:* said once; the API key of the administrator is shown here and never again.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use envelock_keyserver::{config::Output, server::Server};
use serde_json::json;

use super::sign_in_url;

/// Where a server is reached.
pub(crate) struct Reached {
    /// `http` or `https`
    pub(crate) scheme: &'static str,
    /// By everybody.
    pub(crate) public: SocketAddr,
    /// From the private network.
    pub(crate) private: Option<SocketAddr>,
    /// By monitors.
    pub(crate) metrics: Option<SocketAddr>,
}

/// Says what whoever started the server has to know.
pub(crate) fn announce(output: Output, server: &Server, reached: &Reached) -> io::Result<()> {
    let Reached { scheme, public, private, metrics } = reached;
    let url = format!("{scheme}://{public}");
    let private_url = private.map(|address| format!("{scheme}://{address}"));
    let metrics_url = metrics.map(|address| format!("http://{address}/metrics"));
    let sign_in_url = sign_in_url(&url, &server.sign_in_code);
    let mut out = io::stdout().lock();
    match output {
        Output::Json => {
            let ready = json!({
                "event": "ready",
                "url": url,
                "private_url": private_url,
                "metrics_url": metrics_url,
                "sign_in_url": sign_in_url,
                "account": server.account,
                "instance": server.instance,
                "region": server.region,
                "audit_key": server.audit_key,
                "api_key": server.api_key.as_deref(),
            });
            writeln!(out, "{ready}")?;
        }
        Output::Text => {
            writeln!(out, "Console       {url}/")?;
            if let Some(private_url) = private_url {
                writeln!(out, "Private       {private_url}/")?;
            }
            if let Some(metrics_url) = metrics_url {
                writeln!(out, "Metrics       {metrics_url}")?;
            }
            writeln!(out, "Sign in once  {sign_in_url}  (15 minutes)")?;
            writeln!(out, "Account       {}", server.account)?;
            writeln!(out, "Instance      {}  (Key Protect, {})", server.instance, server.region)?;
            writeln!(out, "Audit key     {}", server.audit_key)?;
            if let Some(api_key) = server.api_key.as_deref() {
                writeln!(out, "API key       {api_key}")?;
                writeln!(out, "              of the administrator; this is the only time it is shown")?;
            }
        }
    }
    out.flush()
}
