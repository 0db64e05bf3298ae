//! `serve`: logs, sockets, the announcement, the end.
//!
//! *Invariant:* nothing is announced before it holds.

use std::{net::SocketAddr, sync::Arc};

use envelock_keyserver::{
    config::Serve,
    server::{self, Sockets, SystemClock, SystemEntropy, Traces},
};
use tokio::net::TcpListener;

use super::{
    Failure,
    announce::{Reached, announce},
    logs, parts, place, signals,
};

/// Serves until a signal says stop.
pub(crate) async fn run(options: Serve) -> Result<(), Failure> {
    let traces = options.watch.otlp_endpoint.as_deref().map(Traces::to).transpose()?;
    logs::start(options.output, traces.as_ref());
    let done = serve(&options).await;
    if let Some(traces) = traces
        && !tokio::task::spawn_blocking(move || traces.finish()).await?
    {
        tracing::warn!("the last spans were not delivered");
    }
    done
}

async fn serve(options: &Serve) -> Result<(), Failure> {
    let place = place(&options.data)?;
    let tls = parts::tls(options)?;
    // Before the store: a first start that cannot listen must not make an API key that nobody gets to see.
    let public = bind("--listen", options.listen, options).await?;
    let private = match options.listen_private {
        Some(address) => Some(bind("--listen-private", address, options).await?),
        None => None,
    };
    let watch = match options.watch.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let reached = Reached {
        scheme: if tls.is_some() { "https" } else { "http" },
        public: public.local_addr()?,
        private: private.as_ref().map(TcpListener::local_addr).transpose()?,
        metrics: watch.as_ref().map(TcpListener::local_addr).transpose()?,
    };
    let kept = parts::kept(options, place, reached.private)?;
    let server = server::open(&kept, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
    tracing::info!(address = %reached.public, data = %kept.place.directory.display(), "listening");
    // Before the announcement: whoever reads it may stop the server at once, and that is a clean stop too.
    let stop = signals::stop()?;
    if let Some(tls) = &tls {
        signals::reload(Arc::clone(tls))?;
    }
    announce(options.output, &server, &reached)?;
    server.serve(Sockets { public, private, watch, tls }, parts::pace(&options.limits), stop).await;
    tracing::info!("stopped");
    Ok(())
}

async fn bind(option: &str, address: SocketAddr, options: &Serve) -> Result<TcpListener, Failure> {
    parts::require_tls(option, address, options)?;
    listen(address).await
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    Ok(TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?)
}
